"""The installation's keys: one file, the newest key first, and a key of its own derived for each purpose."""

import base64
import binascii
import fcntl
import functools
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sites.errors import KeyFileRefused, KeyMissing

NAME = "secret.key"
CREDENTIAL = "greenroom.key"
"""Name of the credential that systemd passes: `LoadCredential=greenroom.key:/etc/greenroom/secret.key`."""
BYTES = 32
FORMER = "former"
"""Stands for the time of a key that was made before purposes were derived by HKDF; its file held 32 bytes only."""
HEAD = """\
# The keys of Greenroom, the newest first. The first one encrypts and signs, the others can still be read.
# Keep a copy of this file apart from the backup of the data folder.
"""


class Purpose(StrEnum):
    """What a derived key is for; none is used for two."""

    FIELDS = "fields"
    """Values that are encrypted in the database."""
    SIGNING = "signing"
    """Django's SECRET_KEY: sessions, cookies, one-time links."""
    DIGESTS = "digests"
    """Keyed digests that stand in pages."""
    CODES = "codes"
    """Keyed digests of recovery codes."""
    VISITS = "visits"
    """Passes of visitors to a slot that is not open to everybody."""
    BACKUPS = "backups"
    """Backups that leave the machine."""


_FORMER_PREFIXES = {Purpose.FIELDS: b"fields:", Purpose.SIGNING: b"django:"}


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the file. `made_at` is its UTC time (ISO 8601), or FORMER."""

    material: bytes = field(repr=False)
    made_at: str

    def derived(self, purpose: Purpose) -> Iterator[bytes]:
        """The 32 bytes for a purpose (HKDF-SHA256, RFC 5869); of a former key also what was used before."""
        yield HKDF(SHA256(), BYTES, salt=None, info=f"greenroom {purpose}".encode()).derive(self.material)
        if self.made_at == FORMER and purpose in _FORMER_PREFIXES:
            yield hashlib.sha256(_FORMER_PREFIXES[purpose] + self.material).digest()


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys that can be read, the one that encrypts and signs first."""

    keys: tuple[Key, ...]
    kept_codes: bytes = field(default=b"", repr=False)

    @property
    def codes(self) -> bytes:
        """With which recovery codes are digested. It is that of the first key for ever: nothing can be digested anew
        without the codes, and nothing else can be found out from it."""
        if self.kept_codes:
            return self.kept_codes
        first = self.keys[-1]
        if first.made_at == FORMER:
            return self.signing_keys[-1].encode()
        return next(first.derived(Purpose.CODES))

    def with_keys(self, *keys: Key) -> "Keyring":
        """Other keys, and the same recovery codes."""
        return Keyring(keys, self.codes)

    def derived(self, purpose: Purpose) -> tuple[bytes, ...]:
        """The keys for a purpose, the present one first."""
        return _derived(self.keys, purpose)

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """Django's SECRET_KEY, and after it its SECRET_KEY_FALLBACKS."""
        return tuple(derived.hex() for derived in self.derived(Purpose.SIGNING))

    @property
    def text(self) -> str:
        """The file."""
        lines = (f"{key.made_at} {base64.urlsafe_b64encode(key.material).decode()}\n" for key in self.keys)
        kept = f"{Purpose.CODES} {base64.urlsafe_b64encode(self.kept_codes).decode()}\n" if self.kept_codes else ""
        return HEAD + "".join(lines) + kept


@functools.lru_cache(maxsize=32)
def _derived(keys: tuple[Key, ...], purpose: Purpose) -> tuple[bytes, ...]:
    return tuple(derived for key in keys for derived in key.derived(purpose))


def new_key(*, after: Key | None = None) -> Key:
    """A fresh key, made now; noted as made later than `after`, whatever the clock says."""
    made = datetime.now(UTC)
    if after is not None and after.made_at != FORMER:
        made = max(made, datetime.fromisoformat(after.made_at) + timedelta(microseconds=1))
    return Key(secrets.token_bytes(BYTES), made.isoformat(timespec="microseconds"))


class KeyFile:
    """The file, read again whenever it was replaced, so that every process has a new key as soon as it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._ring: Keyring | None = None

    def read(self) -> Keyring:
        """The keys. Raises FileNotFoundError, KeyFileRefused for a file that is none.

        A file that was taken away from a running process changes nothing for it.
        """
        try:
            found = self.path.stat()
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._ring is None or mark != self._seen:
                self._ring = _parse(self.path.read_bytes(), self.path)
                self._seen = mark
        except FileNotFoundError:
            if self._ring is None:
                raise
        return self._ring

    def create(self) -> Keyring:
        """Write a file with one fresh key, unless there is one; safe when many start at once."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        _write(temporary, Keyring((new_key(),)))
        try:
            os.link(temporary, self.path)  # the first one wins, whole
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
        return self.read()

    def replace(self, ring: Keyring) -> None:
        """Replace the file by one with these keys; belongs inside `locked`. Raises OSError."""
        target = self.path.resolve()
        temporary = target.with_name(f"{target.name}.new")
        temporary.unlink(missing_ok=True)  # of one who was killed here
        _write(temporary, ring)
        temporary.replace(target)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold off everybody else who would change the file. Raises KeyFileRefused when somebody does just now."""
        folder = os.open(self.path.resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise KeyFileRefused(
                f"Another command is changing the keys in {self.path}. Nothing was changed; wait until it has ended."
            ) from None
        finally:
            os.close(folder)


def _write(path: Path, ring: Keyring) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(ring.text)
        file.flush()
        os.fsync(file.fileno())


def _parse(content: bytes, path: Path) -> Keyring:
    """The keys of a file; 32 bytes and nothing else are one key of before."""
    if len(content) == BYTES:
        return Keyring((Key(content, FORMER),))
    try:
        lines = [line.split() for line in content.decode("ascii").splitlines()]
        found = [
            (line[0], base64.b64decode(line[1], altchars=b"-_", validate=True))
            for line in lines
            if line and not line[0].startswith("#")
        ]
    except (UnicodeDecodeError, binascii.Error, IndexError):
        found = []
    keys = tuple(Key(material, name) for name, material in found if name != Purpose.CODES)
    if not keys or any(len(key.material) != BYTES for key in keys):
        raise KeyFileRefused(path=path)
    return Keyring(keys, next((material for name, material in found if name == Purpose.CODES), b""))


def locate(environment: Mapping[str, str], data: Path) -> Path:
    """Where the key file is: as said, as systemd passes it, or in the data folder.

    Raises KeyFileRefused for a path that is not absolute, since the parts of Greenroom start in other folders.
    """
    said = environment.get("GREENROOM_KEY_FILE")
    if said and not said.startswith("/"):
        raise KeyFileRefused(
            f"GREENROOM_KEY_FILE is '{said}', which is not an absolute path. Nothing was changed. "
            "Give the whole path, beginning with a slash."
        )
    if said:
        return Path(said)
    passed = Path(environment.get("CREDENTIALS_DIRECTORY") or "/nowhere") / CREDENTIAL
    return passed if passed.exists() else data / NAME


@functools.cache
def key_file(path: Path) -> KeyFile:
    """The file at `path`, one for the whole process."""
    return KeyFile(path)


def open_keys(path: Path, data: Path) -> Keyring:
    """The keys of an installation; a new one gets its first key.

    Raises KeyMissing when the data folder holds what only the missing keys can read.
    """
    try:
        return key_file(path).read()
    except FileNotFoundError:
        if (data / "db.sqlite3").exists() or (data / "logs" / "up.log").exists():
            raise KeyMissing(path=path, data=data) from None
        return key_file(path).create()
