"""What git's smart protocol over HTTP needs of its server beside git's own programs (gitprotocol-http(5))."""

FLUSH = b"0000"
MAX_LINE = 65515
"""Bytes of a message in one line of the protocol: LARGE_PACKET_DATA_MAX without the band."""
_FATAL = b"\x03"
"""The band of side-band-64k that ends a conversation."""


def line(data: bytes) -> bytes:
    """A pkt-line: its length in four hexadecimal digits, then the data."""
    return f"{len(data) + 4:04x}".encode() + data


def service_line(service: str) -> bytes:
    """What comes before the list of branches."""
    return line(f"# service={service}\n".encode()) + FLUSH


def error(sentence: str) -> bytes:
    """A sentence in place of a list of branches, or of a pack; git shows it as 'remote error'."""
    return line(f"ERR {sentence}".encode()[:MAX_LINE])


def fatal(sentence: str) -> bytes:
    """A sentence in place of the result of a push; git shows it as 'remote:' and fails."""
    return line(_FATAL + f"{sentence}\n".encode()[:MAX_LINE]) + FLUSH
