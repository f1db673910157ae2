"""The installation's key: made on first use, in a file that only its owner can read."""

import os
import secrets
from pathlib import Path


def read_or_create_key(path: Path) -> bytes:
    """Return the 32 bytes in `path`, making the file (0600) if there is none; safe when many start at once."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)  # the first one wins, whole
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path.read_bytes()
