"""What a restore needs, asked before the settings are read: reading them makes a data folder with a key of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sites import keyring
from sites.backups import archive
from sites.backups.address import is_store
from sites.errors import BackupRefused


def ensure_restorable(arguments: Sequence[str], environment: Mapping[str, str], data: Path) -> None:
    """`arguments` are those after `restore`. Changes nothing. Raises BackupRefused, KeyFileRefused."""
    source = next((argument for argument in arguments if not argument.startswith("-")), "")
    key_file = keyring.locate(environment, data)
    if not source or key_file.exists():
        return
    if is_store(source):
        raise BackupRefused(
            reason=f"a store holds encrypted backups, and there is no key file at {key_file}",
            remedy=f"Put the copy of the key file to {key_file}, then restore again.",
        )
    if not archive.describe(Path(source)).has_keys:
        raise BackupRefused(
            reason=f"it does not hold the keys, and there is no key file at {key_file}",
            remedy=f"Put the copy of the key file to {key_file}, then restore again.",
        )
