"""Bearer tokens of an hour, which a program gets for an access token.

Clients that sign in at a token endpoint (OAuth 2.0, RFC 6749, 4.4) send their secret there and nowhere else. What they
get in exchange is signed and not stored: it names the access token, has its rights, and ends with it.
"""

from datetime import timedelta

from django.core import signing

from sites.models import AccessToken
from sites.models.clock import now
from sites.services import access_tokens

PREFIX = "greenroom_bearer_"
LASTS = timedelta(hours=1)
_SALT = "sites.services.bearers"
_MARK = 16
"""So many digits of the access token's digest are in the bearer token. They tell nothing about it."""


def issue(token: AccessToken) -> tuple[str, int]:
    """A bearer token for the access token, and for how many seconds it is in force."""
    seconds = min(LASTS, token.expires_at - now()).total_seconds()
    signed = signing.dumps([token.pk, token.digest[:_MARK]], salt=_SALT)
    return PREFIX + signed, max(0, int(seconds))


def find(text: str) -> AccessToken | None:
    """The access token in force that a bearer token stands for, or that `text` is itself, with its person."""
    if not text.startswith(PREFIX):
        return access_tokens.find(text)
    try:
        number, mark = signing.loads(text.removeprefix(PREFIX), salt=_SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError):
        return None
    token = access_tokens.find_again(number)
    return token if token is not None and token.digest.startswith(mark) else None
