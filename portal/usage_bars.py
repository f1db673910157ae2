"""The bars of the usage overview: what a slot used of what it may use, and what its site takes on disk."""

from dataclasses import dataclass

from sites.capacity import Share
from sites.monitoring.figures import Figures
from sites.services.storage import SiteStorage

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, full at `most`."""

    key: str
    name: str
    flag: str
    line: str
    value: int
    most: int


def storage_bars(storage: SiteStorage) -> list[Bar]:
    """Content and builds; persistent folders where there are some."""
    content, folders = storage.content, storage.folders
    quota, folder_quota = storage.content_quota, storage.folder_quota
    bars = [_bar("content", "content and builds", content.bytes, quota.bytes, content.files, quota.files)]
    if folders is not None:
        name = "persistent folders"
        bars.append(_bar("folders", name, folders.bytes, folder_quota.bytes, folders.files, folder_quota.files))
    return bars


def day_bars(day: Figures, present: Figures, share: Share) -> list[Bar]:
    """CPU time and data out of the last 24 hours, and memory now; `present` is empty while nobody measures."""
    spent, most = day.get("cpu_ms", 0), share.processors * DAY_MS
    memory = present.get("memory")
    said = f"{100 * memory / share.memory_bytes:.0f}% of {in_size(share.memory_bytes)}" if memory else "needs a visitor"
    return [
        Bar(
            "cpu",
            "CPU time (last 24 hours)",
            _in_time(spent),
            f"{100 * spent / most:.1f}% of {most / 3_600_000:,.0f} hours",
            round(min(100, 100 * spent / most)),
            100,
        ),
        Bar("data-out", "data out (last 24 hours)", in_size(day.get("bytes_out", 0)), "no limit", 0, 100),
        Bar(
            "memory",
            "memory usage",
            in_size(memory) if memory else "not measured",
            said,
            round(min(100, 100 * (memory or 0) / share.memory_bytes)),
            100,
        ),
    ]


def _in_time(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:,.1f} seconds"
    return f"{seconds / 60:,.1f} minutes" if seconds < 3600 else f"{seconds / 3600:,.2f} hours"


def _bar(key: str, name: str, size: int, most: int, files: int, max_files: int) -> Bar:
    """Full by whichever is nearer to its limit, bytes or files."""
    parts = []
    shares = []
    if most:
        shares.append(100 * size / most)
        parts.append(f"{shares[-1]:.0f}% of {in_size(most)}")
    if max_files:
        shares.append(100 * files / max_files)
    parts.append(f"{files:,}{f' of {max_files:,}' if max_files else ''} files")
    return Bar(key, name, in_size(size), ", ".join(parts), round(min(100, max(shares, default=0))), 100)


def in_size(size: float) -> str:
    """5.66 MB, as the bars of 2014 show it."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "bytes" or size == int(size) else f"{size:,.2f} {unit}"
        size /= 1024
    return f"{size:,.0f} GB" if size == int(size) else f"{size:,.2f} GB"
