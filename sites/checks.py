"""System checks: settings with which Greenroom would start and then behave strangely."""

import ipaddress
import os
import re
from collections.abc import Iterable

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from sites.content.package_sources import on_this_machine
from sites.runtime.agent.name_servers import is_reached

TAG = "greenroom"
OPEN_TO_OTHERS = 0o026
"""Writable for the group, readable or writable for everybody; passing through is allowed."""
LONGEST_HOST = 253 - 40 - 40 - len("-.scm.")
"""Leaves room for NAME-SLOT.scm. in front, of 40 characters each."""
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


AT_LEAST_ONE = ("STAGING_SLOTS_PER_SITE", "MAX_UPLOAD", "MAX_UNPACKED", "MAX_ENTRIES")
NOT_NEGATIVE = (
    "DISK_RESERVE",
    "KEPT_DEPLOYMENTS",
    "MEMORY_OVERCOMMIT",
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


def check_portal_host(**_: object) -> list[CheckMessage]:
    """Only on localhost can the portal's cookies have names that a site cannot set for it."""
    if settings.IS_LOCAL or not settings.PORTAL_HOST.endswith(f".{settings.SUFFIX}"):
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


CHECKS = (
    check_applications,
    check_limits,
    check_listener,
    check_names,
    check_mode,
    check_data_folder,
    check_portal_host,
    check_networks,
    check_package_sources,
)


def register_checks() -> None:
    """Have Django run them, all under one tag, so that a command can ask for these alone."""
    for check in CHECKS:
        register(check, TAG)
