"""What `up` says first: how well this machine keeps the sites apart."""

import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

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
    folder = settings.INSTANCE_DIR if settings.INSTANCE_DIR.is_dir() else None
    found = probe(wanted or "auto", name_servers=settings.NAME_SERVERS, folder=folder)
    if not found.is_usable:
        reason = "; ".join(found.missing) or f"its level is {found.level}"
        raise IsolationMissing(reason=reason, remedy=_sentence(found.remedy))
    if found.level is Level.NONE and os.geteuid() == 0:
        _check_that_sites_may_enter()
    return found


def _check_that_sites_may_enter() -> None:
    """Without a sandbox nothing is shown at another path, and root's sites run as users of their own."""
    needed: dict[str, str | Path] = {
        "Greenroom": settings.BASE_DIR,
        "its libraries": sys.prefix,
        "its Python": sys.base_prefix,
    }
    for name, folder in needed.items():
        path = Path(folder).resolve()
        _refuse_closed(name, path, (*reversed(path.parents), path))
    _refuse_closed("its data folder", settings.DATA_DIR, reversed(settings.DATA_DIR.parents))


def _refuse_closed(name: str, path: Path, folders: Iterable[Path]) -> None:
    closed = next((folder for folder in folders if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH), None)
    if closed is not None:
        raise SettingRefused(
            f"Without a sandbox each site runs as a user of its own, and no other user may enter {closed}, "
            f"where {name} lies ({path}). Nothing was started. "
            "Start Greenroom as an ordinary user, or put it, its Python and its data folder "
            "where everybody may enter, for example below /opt and /var/lib."
        )


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
