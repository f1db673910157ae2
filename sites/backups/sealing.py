"""Backups that leave the machine are encrypted in the format of age, with a key that comes from the installation's.

Nobody without the key can read one, or change a part of it unseen. But age does not prove who encrypted: whoever has
the public key can make another one. It is published nowhere.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sites.keyring import Keyring, Purpose

SUFFIX = ".age"

Given = TypeVar("Given")


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many; empty at the end."""


class Target(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes, /) -> int:
        """Take all of them."""


class NotReadable(Exception):
    """What cannot be decrypted with these keys, or is damaged or cut off. Says what age says."""


def identities(ring: Keyring) -> list[bytes]:
    """The private key for each key of the ring, the present one first: files as OpenSSH and `age -d -i` read them."""
    return [
        key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        for key in map(Ed25519PrivateKey.from_private_bytes, ring.derived(Purpose.BACKUPS))
    ]


def seal(source: Source, target: Target, ring: Keyring) -> None:
    """Encrypt to the present key of the ring. Raises what reading or writing raises."""
    key = Ed25519PrivateKey.from_private_bytes(ring.derived(Purpose.BACKUPS)[0]).public_key()
    recipient = pyrage.ssh.Recipient.from_str(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())
    _run(pyrage.encrypt_io, source, target, [recipient])


def unseal(source: Source, target: Target, ring: Keyring) -> None:
    """Decrypt. What was written is as it was encrypted, by whomever, and it is whole once this has returned.

    Raises NotReadable, and what reading or writing raises.
    """
    _run(pyrage.decrypt_io, source, target, [pyrage.ssh.Identity.from_buffer(text) for text in identities(ring)])


class _Ends:
    """Both ends of a pipe through age, which knows errors of its own only: the first one of an end is kept."""

    def __init__(self, source: Source, target: Target) -> None:
        self._source, self._target = source, target
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        """As the source's own."""
        return self._kept(lambda: self._source.read(size))

    def write(self, data: bytes) -> int:
        """As the target's own."""
        return self._kept(lambda: self._target.write(data))

    def flush(self) -> None:
        """Nothing: the target has what was written to it."""

    def _kept(self, do: Callable[[], Given]) -> Given:
        try:
            return do()
        except BaseException as error:
            self.error = self.error or error
            raise


def _run(do: Callable[..., None], source: Source, target: Target, keys: list[object]) -> None:
    ends = _Ends(source, target)
    try:
        do(ends, ends, keys)
    except Exception as error:
        if ends.error is not None:
            raise ends.error from None
        raise NotReadable(str(error)) from error
