"""System check of the settings of backups, so that a mistake is refused at the start and not found by the first one."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

from sites.backups import address
from sites.errors import BackupStoreRefused

_ID = "greenroom.E021"


def check_store(**_: object) -> list[CheckMessage]:
    """Where backups on schedule are sent. Asks no network."""
    found: list[CheckMessage] = []
    if settings.BACKUP_STORE and not _is_address(settings.BACKUP_STORE):
        hint = "Write s3://BUCKET/PREFIX, the prefix of letters, digits, slashes and - _ . only."
        found.append(Error(f"BACKUP_STORE is '{settings.BACKUP_STORE}', which is no address.", hint=hint, id=_ID))
    if settings.BACKUP_STORE_ENDPOINT and not _is_endpoint(settings.BACKUP_STORE_ENDPOINT):
        sentence = f"BACKUP_STORE_ENDPOINT is '{settings.BACKUP_STORE_ENDPOINT}', which is no address."
        found.append(Error(sentence, hint="Write https://HOST, with :PORT if there is one.", id=_ID))
    return found


def _is_address(text: str) -> bool:
    try:
        address.parse(text)
    except BackupStoreRefused:
        return False
    return True


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
