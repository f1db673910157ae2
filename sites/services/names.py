"""Names of sites, and the host names that they give."""

import re
import secrets

from django.conf import settings

from sites.errors import NameRefused, NameTaken
from sites.models import HostName, HostNameKind, Site, Slot

RESERVED = frozenset({"scm", "www", "api", "portal", "localhost", "admin", "ftp", "mail"})
LONGEST = 40
_ALLOWED = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def check_name(name: str) -> None:
    """Whether `name` may become a site. Raises NameRefused with the reason, or NameTaken."""
    name = name.lower()
    reason = _fault(name)
    if reason is not None:
        remedy = "Use letters, digits and hyphens, at most 40, with a letter or digit at both ends."
        raise NameRefused(name=name, reason=reason, remedy=remedy)
    if Site.objects.filter(name=name).exists() or HostName.objects.filter(name=default_host(name)).exists():
        raise NameTaken(name=name)


def _fault(name: str) -> str | None:
    if not name:
        return "it is empty"
    if len(name) > LONGEST:
        return f"it has {len(name)} characters and {LONGEST} are possible"
    if not _ALLOWED.fullmatch(name):
        strange = re.search(r"[^a-z0-9-]", name)
        return f"it contains {_shown(strange.group())}" if strange else "it begins or ends with a hyphen"
    if name.startswith("xn--"):
        return "it begins like an encoded international name"
    if name in RESERVED:
        return "that name is reserved"
    if settings.PORTAL_HOST in _hosts_of(name):
        return "one of its addresses is the portal's"
    ending = next((slot for slot in _slot_endings() if name.endswith(f"-{slot}")), None)
    return f"it ends like the address of another site's {ending} slot" if ending else None


def _hosts_of(name: str) -> set[str]:
    """Every address that a site of that name has or may get."""
    slots = (None, *sorted(_slot_endings()))
    return {host(name, slot) for host in (default_host, publishing_host) for slot in slots}


def _shown(character: str) -> str:
    return "a space" if character.isspace() else f"'{character}'"


def _slot_endings() -> set[str]:
    known = Slot.objects.filter(is_production=False).values_list("name", flat=True).distinct()
    return {"production", "staging", *known}


def default_host(site_name: str, slot_name: str | None = None) -> str:
    """The address of a slot: NAME.SUFFIX, and NAME-SLOT.SUFFIX beside production."""
    label = site_name if slot_name is None else f"{site_name}-{slot_name}"
    return f"{label}.{settings.SUFFIX}"


def publishing_host(site_name: str, slot_name: str | None = None) -> str:
    """Where publishing clients connect: NAME.scm.SUFFIX, and NAME-SLOT.scm.SUFFIX beside production."""
    label = site_name if slot_name is None else f"{site_name}-{slot_name}"
    return f"{label}.scm.{settings.SUFFIX}"


def give_host_names(slot: Slot) -> None:
    """Give a new slot its own address and its publishing host name."""
    beside = None if slot.is_production else slot.name
    HostName.objects.create(name=default_host(slot.site.name, beside), slot=slot, kind=HostNameKind.DEFAULT)
    HostName.objects.create(name=publishing_host(slot.site.name, beside), slot=slot, kind=HostNameKind.PUBLISHING)


def new_credentials(site_name: str, slot_name: str | None = None) -> dict[str, str]:
    """Publishing user and a fresh password, as the fields of a slot."""
    user = f"${site_name}" if slot_name is None else f"${site_name}__{slot_name}"
    return {"publishing_user": user, "publishing_password": secrets.token_urlsafe(32)}
