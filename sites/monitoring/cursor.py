"""Where somebody reads on in the logs of a slot, as one word that goes into an address."""

import base64
import json
import re
import zlib

from sites.monitoring.output import Positions

MAX_CURSOR_BYTES = 64 * 1024
_KEY = re.compile(r"\d{1,18}/\d{1,6}")
_POSITION = re.compile(r"\d{1,20}-\d{1,10}-\d{1,18}|\d{0,9}")


def encode(positions: Positions) -> str:
    """Positions as a part of an address."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(positions).encode())).decode() if positions else ""


def decode(cursor: str) -> Positions:
    """What `encode` made; nothing from any other text."""
    try:
        inflate = zlib.decompressobj()
        data = json.loads(inflate.decompress(base64.urlsafe_b64decode(cursor), MAX_CURSOR_BYTES))
    except (ValueError, RecursionError, zlib.error):
        return {}
    if not isinstance(data, dict):
        return {}
    return {
        key: position
        for key, position in data.items()
        if _KEY.fullmatch(key) and isinstance(position, str) and _POSITION.fullmatch(position)
    }
