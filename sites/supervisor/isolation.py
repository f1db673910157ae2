"""What `up` says first: how well this machine keeps the sites apart."""

from django.conf import settings

from sites.errors import IsolationMissing, SettingRefused
from sites.runtime.agent.isolation import Isolation, Level, probe

CHOICES = ("", "auto", *Level)


def choose_isolation(wanted: str) -> Isolation:
    """Try what this machine can do. Raises IsolationMissing when `wanted` cannot be had, with the remedy."""
    if wanted not in CHOICES:
        raise SettingRefused(
            f"'{wanted}' is not a level of isolation. Nothing was started. "
            "Leave --isolation out to get the best of this machine, or say strong, partial or none."
        )
    found = probe(wanted or "auto", name_servers=settings.NAME_SERVERS)
    if not found.is_usable:
        reason = "; ".join(found.missing) or f"its level is {found.level}"
        raise IsolationMissing(reason=reason, remedy=_sentence(found.remedy))
    return found


def isolation_lines(found: Isolation) -> list[str]:
    """The level, what it consists of, and what is missing."""
    lines = [f"Isolation of the sites: {found.level}", f"  has      {'; '.join(found.facts)}"]
    if found.missing:
        lines.append(f"  misses   {'; '.join(found.missing)}")
    if found.remedy:
        lines.append(f"  remedy   {found.remedy}")
    return lines


def _sentence(text: str) -> str:
    return text if not text or text.endswith(".") else f"{text}."
