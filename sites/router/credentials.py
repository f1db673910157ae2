"""The folder with which a router elsewhere is started: its certificate, the authority's, a bootstrap file, a script."""

import json
import os
import secrets
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from sites.errors import RouterRefused
from sites.router.bootstrap import AUTHORITY_FILE, CREDENTIALS_FILE, SECRETS_FILE, secrets_description

BOOTSTRAP_FILE, START_FILE = "envoy.json", "start"
START = """\
#!/bin/sh
# Starts this router. ENVOY_PATH names Envoy where it is not in the path.
cd "$(dirname -- "$(readlink -f -- "$0")")" && exec "${ENVOY_PATH:-envoy}" %s
"""
OPTIONS = (
    *("--config-path", BOOTSTRAP_FILE),
    "--disable-hot-restart",
    *("--log-level", "warning"),
    "--log-format-escaped",
    # A router that is retired ends what it has within this time
    *("--drain-strategy", "immediate", "--drain-time-s", "30"),
)


def is_folder_of(folder: Path, name: str) -> bool:
    """Whether the folder is that of the router of this name."""
    try:
        return bool(json.loads((folder / BOOTSTRAP_FILE).read_text())["node"]["id"] == name)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def ensure_free(folder: Path) -> None:
    """Raises RouterRefused where something lies, or nothing can be written."""
    if folder.exists() or folder.is_symlink():
        raise RouterRefused(f"{folder} exists already. Nothing was changed. Name another one with --folder.")
    if not folder.parent.is_dir():
        raise RouterRefused(f"There is no folder {folder.parent}. Nothing was changed. Make it, or name another one.")


def files(bootstrap: Mapping[str, object], *, credentials: bytes, authority: bytes) -> dict[str, bytes]:
    """What belongs into the folder, by name; `credentials` is the certificate with its key."""
    return {
        CREDENTIALS_FILE: credentials,
        AUTHORITY_FILE: authority,
        SECRETS_FILE: json.dumps(secrets_description(), indent=1).encode(),
        BOOTSTRAP_FILE: json.dumps(bootstrap, indent=1).encode(),
        START_FILE: (START % shlex.join(OPTIONS)).encode(),
    }


def write_folder(folder: Path, content: Mapping[str, bytes]) -> None:
    """Make the folder with these files, whole or not at all, for its owner alone. Raises RouterRefused."""
    ensure_free(folder)
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        unfinished.mkdir(mode=0o700)
        for name, data in content.items():
            _write(unfinished / name, data)
        unfinished.rename(folder)
    except OSError as error:
        raise RouterRefused(
            f"{folder} cannot be written ({error.strerror}). Free some space, or name another."
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def replace_certificate(folder: Path, *, credentials: bytes, authority: bytes) -> None:
    """Give a folder that is in use new certificates; its Envoy takes them over at once. Raises RouterRefused."""
    try:
        for name, data in ((AUTHORITY_FILE, authority), (CREDENTIALS_FILE, credentials)):
            _write(folder / f"{name}.new", data)
            (folder / f"{name}.new").replace(folder / name)
    except OSError as error:
        raise RouterRefused(
            f"{folder} cannot be written ({error.strerror}). Free some space, or name another."
        ) from error


def _write(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    mode = 0o700 if path.name == START_FILE else 0o600
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
