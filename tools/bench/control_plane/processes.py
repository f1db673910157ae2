"""The processes of a running installation, without the router and the sites."""

from pathlib import Path

from django.conf import settings

from sites.supervisor.lock import running_up
from tools.bench.costs import ROUTER, families, pss_mb


def control_plane() -> dict[str, set[int]]:
    """Part → process ids, with those of its own children; `up` among them. Raises NotUp."""
    found = {"up": {running_up(settings.RUN_DIR, settings.DATA_DIR).pid}}
    return found | {name: family for name, family in families().items() if name != ROUTER}


def memory() -> dict[str, float]:
    """Part → megabytes, pages that several processes share by their share (PSS)."""
    return {name: round(sum(map(pss_mb, pids)), 1) for name, pids in control_plane().items()}


def count_python() -> int:
    """Processes that run Python."""
    pids = set().union(*control_plane().values())
    return sum("python" in Path(f"/proc/{pid}/exe").readlink().name for pid in pids)
