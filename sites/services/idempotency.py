"""Do a request once, however often it is sent with the same Idempotency-Key.

The key is written in the transaction that does what is asked. So a worker that is killed leaves both or neither, and
of two callers at once the second waits for the first and then gets its operation.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from sites import access
from sites.errors import KeyReused, Refused, RequestRefused, TooManyKeys
from sites.models import AccessToken, IdempotentRequest, Operation
from sites.models.clock import now
from sites.models.required import required

HOURS = int(IdempotentRequest.KEPT.total_seconds() // 3600)
"""How long a key is remembered."""
MAX_KEYS = 10_000
"""Of one token within HOURS."""
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Made:
    """What a request made."""

    id: str
    """In the API."""
    secret_digest: str = ""
    """Of the secret that it made with it."""

    @classmethod
    def with_secret(cls, public_id: str, secret: str) -> "Made":
        """Something with a secret, which the answer shows."""
        return cls(public_id, _digest(secret))

    def shown(self, secret: str) -> str | None:
        """The present secret for the answer to this request; None when it was made by a later one."""
        return secret if hmac.compare_digest(self.secret_digest, _digest(secret)) else None


def once(*, token: AccessToken, key: str, request: str, do: Callable[[], Operation]) -> tuple[Operation, bool]:
    """The operation that `do` begins, or the one that it began when the key came first; and whether it was so.

    `request` is what the key stands for. A refusal of `do` is not remembered, for it has changed nothing. Raises
    RequestRefused, KeyReused and TooManyKeys.
    """
    known, is_repeated = _once(token, key, request, lambda: {"operation": do()})
    operation = required(known.operation, "the operation that the request began")
    return (access.get_operation(token.user, operation.public_id) if is_repeated else operation), is_repeated


def once_made(*, token: AccessToken, key: str, request: str, do: Callable[[], Made]) -> tuple[Made, bool]:
    """As `once`, for what makes something else than an operation.

    Whoever reads it by that id looks whether the token's person may. Raises the same.
    """

    def fields() -> dict[str, object]:
        made = do()
        return {"made": made.id, "secret_digest": made.secret_digest}

    known, is_repeated = _once(token, key, request, fields)
    return Made(known.made, known.secret_digest), is_repeated


def _once(
    token: AccessToken, key: str, request: str, do: Callable[[], dict[str, object]]
) -> tuple[IdempotentRequest, bool]:
    """The request with this key, done now if it was not; `do` returns the fields that say what came of it."""
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise RequestRefused(reason=f"an Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters")
    key_digest, request_digest = _digest(key), _digest(request)
    _forget_old(token)
    known = _find(token, key_digest)
    if known is None:
        _ensure_room(token)
        try:
            with transaction.atomic():
                digests = {"key_digest": key_digest, "request_digest": request_digest}
                return IdempotentRequest.objects.create(token=token, **digests, **do()), False
        except (IntegrityError, Refused):
            # Another caller with the same key may have been first; only then this one's refusal means nothing
            known = _find(token, key_digest)
            if known is None:
                raise
    if known.request_digest != request_digest:
        raise KeyReused(key=key, hours=HOURS)
    return known, True


def _find(token: AccessToken, key_digest: str) -> IdempotentRequest | None:
    return IdempotentRequest.objects.select_related("operation").filter(token=token, key_digest=key_digest).first()


def _forget_old(token: AccessToken) -> None:
    old = IdempotentRequest.objects.filter(token=token, created_at__lt=now() - IdempotentRequest.KEPT)
    if old.exists():
        old.delete()


def _ensure_room(token: AccessToken) -> None:
    if IdempotentRequest.objects.filter(token=token).count() >= MAX_KEYS:
        raise TooManyKeys(name=token.name, most=f"{MAX_KEYS:,}", hours=HOURS)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
