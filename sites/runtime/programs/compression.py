"""Files of a static site for browsers that take gzip: compressed once, and kept in memory for the next one."""

import gzip
import threading
from collections import OrderedDict
from pathlib import Path

SMALLEST_BYTES = 1024
"""Below that the answer would hardly become shorter."""
LARGEST_BYTES = 8 * 1024 * 1024
"""Of a file; a larger one is sent as it is."""
KEPT_BYTES = 16 * 1024 * 1024
LEVEL = 6
TYPES = frozenset(
    (
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "application/wasm",
        "application/xml",
        "font/ttf",
        "font/otf",
        "image/svg+xml",
        "image/x-icon",
    )
)
"""That become shorter, beside text; pictures, films, archives and woff are compressed already."""


def is_worth_it(media_type: str, size: int) -> bool:
    """Whether a file of that type and size, in bytes, is compressed."""
    kind = media_type.partition(";")[0].strip().lower()
    return SMALLEST_BYTES <= size <= LARGEST_BYTES and (kind.startswith("text/") or kind in TYPES)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a visitor who sent that header takes gzip: RFC 9110, section 12.5.3."""
    weights: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        name, _, parameters = item.partition(";")
        try:
            weights[name.strip()] = float(parameters.partition("q=")[2] or 1)
        except ValueError:
            continue
    return weights.get("gzip", weights.get("*", 0.0)) > 0


class Compressed:
    """The compressed files that were asked for last, by their validators; together at most KEPT_BYTES."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._in_turn = threading.Lock()

    def of(self, path: str, etag: str) -> bytes:
        """The compressed content of a file that has this validator. Raises OSError."""
        with self._in_turn:
            if etag in self._kept:
                self._kept.move_to_end(etag)
                return self._kept[etag]
            data = gzip.compress(Path(path).read_bytes(), LEVEL, mtime=0)
            self._kept[etag] = data
            self._size += len(data)
            while self._size > KEPT_BYTES:
                self._size -= len(self._kept.popitem(last=False)[1])
            return data
