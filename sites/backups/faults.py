"""What a store, or the way to it, refuses: in sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)

from sites.backups.address import Address
from sites.errors import BackupStoreRefused

WRONG_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "InvalidClientTokenId"}
NO_RIGHT = {"AccessDenied", "AllAccessDisabled", "403", "Forbidden"}
NOWHERE = {"NoSuchBucket"}
NO_OBJECT = {"NoSuchKey", "404", "NotFound"}
FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage", "507"}
ELSEWHERE = {"PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
_CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE"


@contextmanager
def told(address: Address) -> Iterator[None]:
    """What boto3 raises becomes BackupStoreRefused."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        reason, remedy = explain(error)
        raise BackupStoreRefused(store=address, reason=reason, remedy=remedy) from error


def code_of(error: ClientError) -> str:
    """The store's word for what it refuses."""
    return str(error.response.get("Error", {}).get("Code", ""))


def explain(error: BotoCoreError | ClientError) -> tuple[str, str]:
    """The reason, and the remedy."""
    if isinstance(error, ClientError):
        return _explain_answer(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "there are no credentials for it", f"{_CREDENTIALS}."
    if isinstance(error, SSLError):
        return f"its certificate is not trusted ({error})", "Add its authority to the system's, or set AWS_CA_BUNDLE."
    if isinstance(error, ConnectionError | HTTPClientError):
        return f"it cannot be reached ({error})", "Look at BACKUP_STORE_ENDPOINT and at the network, then try again."
    return str(error), "Look at BACKUP_STORE and BACKUP_STORE_ENDPOINT."


def _explain_answer(error: ClientError) -> tuple[str, str]:
    code = code_of(error)
    said = f"{code}: {error.response.get('Error', {}).get('Message', '')}".rstrip(": ")
    if code in WRONG_KEYS:
        return f"it refuses the credentials ({said})", f"{_CREDENTIALS}, to those of this store."
    if code in NO_RIGHT:
        return (
            f"the credentials have no right to do that ({error.operation_name}: {said})",
            "Allow them to list the bucket and its multipart uploads, and to get, put, abort and delete objects.",
        )
    if code in NOWHERE:
        return "there is no such bucket", "Make the bucket first, or correct BACKUP_STORE."
    if code in NO_OBJECT:
        return "there is no such backup", "Look at the names that are there."
    if code in FULL:
        return f"it is full ({said})", "Make room there, or keep fewer backups with BACKUPS_KEPT."
    if code in ELSEWHERE:
        return f"the bucket is in another region ({said})", "Set BACKUP_STORE_REGION to the region of the bucket."
    if code == "RequestTimeTooSkewed":
        return "its clock and the clock of this machine differ", "Set the clock of this machine."
    return said, "Look at what the store says, then try again."
