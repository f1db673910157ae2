"""The bars of the usage overview: what a web site takes on disk of what it may take."""

from dataclasses import dataclass

from sites.services.storage import SiteStorage


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
