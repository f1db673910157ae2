"""Who asks: a person, by an access token in the header Authorization (RFC 6750)."""

import logging
import math

from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.security import HttpBearer

from sites import access
from sites.errors import TokenLimited, TokenRefused
from sites.models import AccessToken, Scope
from sites.services import access_tokens
from sites.throttling import buckets
from sites.throttling.address import client_address, network_of

logger = logging.getLogger(__name__)
FROM_ADDRESS = buckets.Limit("access tokens from address", 30)
"""Wrong tokens within a quarter of an hour. A right one is always accepted: nobody can guess its 256 random bits, and
wrong ones of a stranger must not keep a pipeline out."""


class ByToken(HttpBearer):
    """For routes that need `scope`."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> User:
        """The person, with the rights that the token leaves. Raises TokenRefused, TokenLimited and ScopeMissing."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, text.strip() if kind.lower() == "bearer" else "")

    def authenticate(self, request: HttpRequest, token: str) -> User:
        """As `__call__`, for the text of a token."""
        found = access_tokens.find(token)
        if found is None:
            raise refusal_of(request, is_guess=bool(token))
        user = access.by_token(found)
        access.present(user).ensure(self.scope)
        request.user = user
        return user


READ, PUBLISH, SWAP, ADMINISTER = map(ByToken, (Scope.READ, Scope.PUBLISH, Scope.SWAP, Scope.ADMINISTER))


def token_of(user: User) -> AccessToken:
    """The token by which `user` came."""
    return access.present(user).token


def refusal_of(request: HttpRequest, *, is_guess: bool) -> TokenRefused | TokenLimited:
    """The refusal of a request without a token that is in force; counts it, if it had one that is wrong."""
    if not is_guess:
        return TokenRefused(reason="none was sent")
    address = client_address(request)
    logger.warning("%s %s from %s was refused: a wrong access token.", request.method, request.path, address)
    wait = buckets.take([buckets.Bucket(FROM_ADDRESS, network_of(address))])
    if wait:
        return TokenLimited(address=address, retry_after=math.ceil(wait))
    return TokenRefused(reason="it is unknown, revoked or expired")
