"""The installation's own authority and certificate: where they lie, and how the authority's key is kept."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from sites.errors import CertificateRefused
from sites.models.fields import decrypt, encrypt
from sites.services.key_rotation import Renewal, renew_token
from sites.tls.authority import CERTIFICATE, KEY, Authority, open_authority
from sites.tls.issuing import write_private
from sites.tls.pair import Pair, read_pair


def authority() -> Authority:
    """The authority, made when it is first needed. Raises OSError, cryptography.fernet.InvalidToken."""
    settings.TLS_DIR.mkdir(mode=0o700, exist_ok=True)
    return open_authority(settings.TLS_DIR, encrypt=encrypt, decrypt=decrypt)


def authority_file() -> Path:
    """What people have to trust."""
    authority()
    return Path(settings.TLS_DIR / CERTIFICATE)


def installation_pair() -> Pair | None:
    """The certificate that the settings name for portal, publishing hosts and sites; None without one.

    Raises CertificateRefused when it cannot be served, or read.
    """
    if not settings.TLS_CERTIFICATE:
        return None
    try:
        content = Path(settings.TLS_CERTIFICATE).read_bytes()
        if settings.TLS_KEY:
            content += b"\n" + Path(settings.TLS_KEY).read_bytes()
    except OSError as error:
        raise CertificateRefused(
            reason=f"{error.filename} cannot be read ({error.strerror})", remedy="Fix GREENROOM_TLS_CERTIFICATE."
        ) from error
    return read_pair(content, "", at=datetime.now(UTC))


def renew_key() -> Iterator[Renewal]:
    """Encrypt the authority's key under the installation's newest key; for ENCRYPTED_PLACES."""
    path = settings.TLS_DIR / KEY
    if path.exists():
        token, outcome = renew_token(path.read_text())
        if outcome.renewed and token is not None:
            write_private(path, token)
        yield outcome
