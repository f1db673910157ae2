"""System checks: settings with which Greenroom would start and then behave strangely."""

import ipaddress
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from sites import keyring
from sites.acme.checks import check_own_names
from sites.backups.checks import check_store
from sites.content.package_sources import on_this_machine
from sites.errors import CertificateRefused
from sites.router.place import ROUTER_NAME, parse_place
from sites.runtime.agent.name_servers import is_reached
from sites.tls.pair import read_pair

TAG = "greenroom"
OPEN_TO_OTHERS = 0o066
"""Readable or writable for the group or for everybody; passing through is allowed."""
LONGEST_HOST = 253 - 40 - 40 - len("-.scm.")
"""Leaves room for NAME-SLOT.scm. in front, of 40 characters each."""
LEAST_TOKEN = 24
"""Characters of a token that somebody chooses."""
SECOND_FACTORS = ("optional", "superusers", "everybody")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def check_applications(**_: object) -> list[CheckMessage]:
    """django.contrib.sites would take the label, the tables and the admin pages of our sites."""
    if "django.contrib.sites" not in settings.INSTALLED_APPS:
        return []
    return [
        Error(
            "django.contrib.sites is installed, and has the label of Greenroom's own application.",
            hint="Take it out of INSTALLED_APPS.",
            id="greenroom.E001",
        )
    ]


AT_LEAST_ONE = (
    "BACKUP_HOURS",
    "BACKUPS_KEPT",
    "STAGING_SLOTS_PER_SITE",
    "MAX_UPLOAD",
    "MAX_UNPACKED",
    "MAX_ENTRIES",
    "SILENCE_SECONDS",
    *("SESSION_HOURS", "SESSION_IDLE_MINUTES"),
    *("AUTOSCALE_SECONDS", "AUTOSCALE_WINDOW_SECONDS"),
)
NOT_NEGATIVE = (
    "DISK_RESERVE",
    "KEPT_DEPLOYMENTS",
    "MEMORY_OVERCOMMIT",
    "UNLOAD_AFTER_MINUTES",
    "SITES_MEMORY_MB",
    "SITE_CONTENT_BYTES",
    "SITE_CONTENT_FILES",
    "SITE_FOLDER_BYTES",
    "SITE_FOLDER_FILES",
)


def check_limits(**_: object) -> list[CheckMessage]:
    """Counts and sizes that must leave room for something."""
    least = dict.fromkeys(AT_LEAST_ONE, 1) | dict.fromkeys(NOT_NEGATIVE, 0)
    return [
        Error(
            f"{name} is {getattr(settings, name)}, and must be at least {minimum}.",
            hint=f"Set {name} to a higher number, or leave it out.",
            id="greenroom.E002",
        )
        for name, minimum in least.items()
        if getattr(settings, name) < minimum
    ]


def check_listener(**_: object) -> list[CheckMessage]:
    """The router binds addresses and one port; a name would be resolved by nobody."""
    found: list[CheckMessage] = [
        Error(
            f"'{address}' in GREENROOM_LISTEN is not an IP address.",
            hint="Give addresses of this machine, separated by commas: --listen 192.0.2.7,::1",
            id="greenroom.E003",
        )
        for address in settings.LISTEN
        if not _is_address(address)
    ]
    if not settings.LISTEN:
        found.append(
            Error(
                "GREENROOM_LISTEN names no address, so nobody could reach a site.",
                hint="Leave it out for 127.0.0.1 and ::1.",
                id="greenroom.E003",
            )
        )
    if not 1 <= settings.PORT <= 65535:
        found.append(Error(f"GREENROOM_PORT is {settings.PORT}, and ports go from 1 to 65535.", id="greenroom.E004"))
    return found


def check_debug(**_: object) -> list[CheckMessage]:
    """Django's pages of errors show settings and variables to whoever meets one."""
    shown_to = [address for address in settings.LISTEN if _is_address(address) and not _is_loopback(address)]
    if not settings.DEBUG or not shown_to:
        return []
    return [
        Error(
            f"GREENROOM_DEBUG is set, and other machines reach {shown_to[0]}: an error would show them secrets.",
            hint="Unset GREENROOM_DEBUG, or leave --listen out.",
            id="greenroom.E019",
        )
    ]


def check_router(**_: object) -> list[CheckMessage]:
    """How the router of this machine is called, and where others connect."""
    found: list[CheckMessage] = []
    if not ROUTER_NAME.fullmatch(settings.ROUTER_NODE):
        hint = "Use letters, digits, dots, hyphens and underscores, at most 64, with a letter or digit first."
        sentence = f"'{settings.ROUTER_NODE}' in GREENROOM_ROUTER_NODE is not a name of a router."
        found.append(Error(sentence, hint=hint, id="greenroom.E014"))
    if settings.XDS_LISTEN and not _is_place(settings.XDS_LISTEN):
        hint = "Give an address of this machine and a free port: 192.0.2.7:8443, or [::]:8443 for every address."
        sentence = f"GREENROOM_XDS_LISTEN is '{settings.XDS_LISTEN}', which is not an IP address with a port."
        found.append(Error(sentence, hint=hint, id="greenroom.E015"))
    elif settings.XDS_LISTEN and parse_place(settings.XDS_LISTEN).port == settings.PORT:
        hint = "Give them another port. Visitors must not find this one."
        sentence = f"GREENROOM_XDS_LISTEN and GREENROOM_PORT both name port {settings.PORT}."
        found.append(Error(sentence, hint=hint, id="greenroom.E015"))
    return found


def _is_place(text: str) -> bool:
    try:
        return parse_place(text).is_address
    except ValueError:
        return False


def check_edge(**_: object) -> list[CheckMessage]:
    """TLS, and proxies in front of the router."""
    found: list[CheckMessage] = []
    if settings.TLS_PORT and (not 1 <= settings.TLS_PORT <= 65535 or settings.TLS_PORT == settings.PORT):
        hint = "Choose another one: --tls-port 8443"
        said = f"GREENROOM_TLS_PORT is {settings.TLS_PORT}, and must be a port (1 to 65535) beside {settings.PORT}."
        found.append(Error(said, hint=hint, id="greenroom.E017"))
    if settings.PROXY_PROTOCOL and not settings.TRUSTED_PROXIES:
        hint = "Name the addresses of your proxies in GREENROOM_TRUSTED_PROXIES."
        said = "GREENROOM_PROXY_PROTOCOL is set, and no proxy may send it."
        found.append(Error(said, hint=hint, id="greenroom.E018"))
    if settings.HTTP3 and (not settings.TLS_PORT or settings.PROXY_PROTOCOL):
        why = "the PROXY protocol does not know it" if settings.TLS_PORT else "there is no port for TLS"
        hint = "Unset GREENROOM_HTTP3, or give a port for TLS (--tls-port 8443) without the PROXY protocol."
        found.append(Error(f"GREENROOM_HTTP3 is set, and {why}.", hint=hint, id="greenroom.E020"))
    fault = _fault_of_certificate()
    if fault:
        hint = "Fix GREENROOM_TLS_CERTIFICATE and GREENROOM_TLS_KEY, or leave them out."
        said = f"The certificate of the installation cannot be served: {fault}."
        found.append(Error(said, hint=hint, id="greenroom.E016"))
    return found


def _fault_of_certificate() -> str:
    files = [Path(name) for name in (settings.TLS_CERTIFICATE, settings.TLS_KEY) if name]
    try:
        if files:
            read_pair(b"\n".join(file.read_bytes() for file in files), "", at=datetime.now(UTC))
    except OSError as error:
        return f"{error.filename} cannot be read ({error.strerror})"
    except CertificateRefused as refusal:
        return str(refusal.values["reason"])
    return ""


def check_names(**_: object) -> list[CheckMessage]:
    """Host names are made of the suffix, and compared byte by byte by the router."""
    return [
        Error(
            f"'{name}' in {variable} is not a host name in lower case.",
            hint="Use labels of letters, digits and hyphens with dots between them: sites.example.org",
            id="greenroom.E005",
        )
        for variable, name in (("GREENROOM_SUFFIX", settings.SUFFIX), ("GREENROOM_PORTAL_HOST", settings.PORTAL_HOST))
        if not is_host_name(name)
    ]


def check_mode(**_: object) -> list[CheckMessage]:
    """New sites get this mode."""
    choices = apps.get_model("sites", "Site")._meta.get_field("mode").choices or ()
    modes = [value for value, _ in choices]
    if settings.DEFAULT_MODE in modes:
        return []
    return [
        Error(
            f"DEFAULT_MODE is '{settings.DEFAULT_MODE}', which no web site can have.",
            hint=f"Choose {', '.join(modes)}.",
            id="greenroom.E006",
        )
    ]


def check_data_folder(**_: object) -> list[CheckMessage]:
    """It holds the key, the database and what the sites were told in confidence."""
    mode = settings.DATA_DIR.stat().st_mode & 0o777
    if not mode & OPEN_TO_OTHERS:
        return []
    return [
        Error(
            f"Other users may read or change the data folder {settings.DATA_DIR} (its mode is {mode:o}).",
            hint=f"Close it: chmod 700 {settings.DATA_DIR}",
            id="greenroom.E007",
        )
    ]


def check_key_file(**_: object) -> list[CheckMessage]:
    """Whoever reads the keys reads every secret. systemd opens what it passes to the service's own group at most."""
    path = settings.KEY_FILE
    is_passed = path.name == keyring.CREDENTIAL
    mode = path.stat().st_mode & 0o777
    found: list[CheckMessage] = []
    if mode & (0o007 if is_passed else 0o077):
        found.append(
            Error(
                f"Other users may read or change the key file {path} (its mode is {mode:o}).",
                hint=f"Close it: chmod 600 {path}. If somebody has read it, make a new key: ./greenroom key rotate",
                id="greenroom.E008",
            )
        )
    if path.parent != settings.DATA_DIR and (settings.DATA_DIR / keyring.NAME).exists():
        found.append(
            Warning(
                f"The data folder still holds a key file, and the one that is used is {path}.",
                hint=f"Keep a copy elsewhere and remove it: rm {settings.DATA_DIR / keyring.NAME}",
                id="greenroom.W002",
            )
        )
    return found


def check_portal_host(**_: object) -> list[CheckMessage]:
    """Only on localhost and over TLS can the portal's cookies have names that a site cannot set for it."""
    is_secure = settings.IS_LOCAL or settings.PORTAL_URL.startswith("https://")
    if is_secure or not settings.PORTAL_HOST.endswith(f".{settings.SUFFIX}"):
        return []
    return [
        Warning(
            f"The portal answers at {settings.PORTAL_HOST}, under the suffix of the sites: "
            "a site could set cookies that the browser sends to the portal too.",
            hint="Give the portal a name outside the suffix with GREENROOM_PORTAL_HOST.",
            id="greenroom.W001",
        )
    ]


def check_networks(**_: object) -> list[CheckMessage]:
    """What sites and builds reach, and by whom they look it up."""
    found: list[CheckMessage] = [
        Error(
            f"'{address}' in GREENROOM_NAME_SERVERS is no name server that sites and builds could ask.",
            hint="Give addresses of IPv4 outside this machine's loopback, separated by commas: 192.0.2.53",
            id="greenroom.E008",
        )
        for address in settings.NAME_SERVERS
        if not is_reached(address)
    ]
    if settings.PRIVATE_NETWORKS not in ("allow", "refuse"):
        found.append(
            Error(
                f"GREENROOM_PRIVATE_NETWORKS is '{settings.PRIVATE_NETWORKS}'.",
                hint="Say allow or refuse, or leave it out for allow.",
                id="greenroom.E009",
            )
        )
    return found


def check_package_sources(**_: object) -> list[CheckMessage]:
    """Builds with a network of their own reach nothing of this machine."""
    is_shared = settings.ISOLATION in ("partial", "none") or os.geteuid() != 0
    return [
        Warning(
            f"{name} leads to this machine itself. At isolation strong builds have a network of their own "
            "and do not reach it, so they cannot install packages.",
            hint=f"Let {name} lead to another machine, or to a container with an address of its own.",
            id="greenroom.W002",
        )
        for name in ([] if is_shared else on_this_machine())
    ]


def check_portal_url(**_: object) -> list[CheckMessage]:
    """Links in mails and the way back from single sign-on are made of it."""
    if re.fullmatch(rf"https?://{re.escape(settings.PORTAL_HOST)}(:\d{{1,5}})?", settings.PORTAL_URL):
        return []
    return [
        Error(
            f"GREENROOM_PORTAL_URL is '{settings.PORTAL_URL}', which does not lead to {settings.PORTAL_HOST}.",
            hint=f"Give the address as people type it: https://{settings.PORTAL_HOST}",
            id="greenroom.E013",
        )
    ]


def check_sign_in(**_: object) -> list[CheckMessage]:
    """Who must have a second factor, and who confirms people."""
    found: list[CheckMessage] = []
    if settings.SECOND_FACTOR not in SECOND_FACTORS:
        hint = f"Choose {', '.join(SECOND_FACTORS)}."
        found.append(Error(f"SECOND_FACTOR is '{settings.SECOND_FACTOR}'.", hint=hint, id="greenroom.E010"))
    if settings.OIDC_ISSUER:
        parts = urlsplit(settings.OIDC_ISSUER)
        if parts.scheme != "https" and parts.hostname != "localhost":
            hint = "Without TLS somebody on the way could sign in as anybody. Use an address with https://."
            found.append(Error(f"OIDC_ISSUER is '{settings.OIDC_ISSUER}'.", hint=hint, id="greenroom.E011"))
        if not settings.OIDC_CLIENT_ID or not settings.OIDC_CLIENT_SECRET:
            hint = f"Register {settings.PORTAL_URL}/sign-in/sso/callback/ with the provider; it gives you both."
            sentence = "OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET."
            found.append(Error(sentence, hint=hint, id="greenroom.E011"))
    return found


def check_mail(**_: object) -> list[CheckMessage]:
    """How mails are sent."""
    if not (settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL):
        return []
    hint = "Leave out EMAIL_USE_SSL for port 587, or EMAIL_USE_TLS for port 465."
    return [Error("EMAIL_USE_TLS and EMAIL_USE_SSL are both 1.", hint=hint, id="greenroom.E012")]


def check_metrics(**_: object) -> list[CheckMessage]:
    """The right token is always accepted, however many wrong ones were tried, so nobody must be able to guess it."""
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= LEAST_TOKEN:
        return []
    return [
        Warning(
            f"METRICS_TOKEN has {len(settings.METRICS_TOKEN)} characters, so somebody could guess it.",
            hint=f"Take {LEAST_TOKEN} random ones or more: openssl rand -hex 32",
            id="greenroom.W003",
        )
    ]


def is_host_name(name: str) -> bool:
    """Whether every label is one that host names may have, in lower case, and it is no address."""
    labels: Iterable[str] = name.split(".")
    return len(name) <= LONGEST_HOST and not _is_address(name) and all(_LABEL.fullmatch(label) for label in labels)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


CHECKS = (
    check_applications,
    check_limits,
    check_listener,
    check_debug,
    check_router,
    check_edge,
    check_names,
    check_mode,
    check_data_folder,
    check_key_file,
    check_portal_host,
    check_networks,
    check_package_sources,
    check_portal_url,
    check_sign_in,
    check_mail,
    check_metrics,
    check_own_names,
    check_store,
)
WITHOUT_MODELS = tuple(check for check in CHECKS if check is not check_mode)
"""For `up`, which loads no models. The others are made by `manage.py prepare`, before anything needs them."""


def register_checks() -> None:
    """Have Django run them, all under one tag, so that a command can ask for these alone."""
    for check in CHECKS:
        register(check, TAG)
