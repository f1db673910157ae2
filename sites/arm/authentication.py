"""Who asks, by a token; and the token endpoint, where a client exchanges its secret, an access token, for one."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from sites import access
from sites.api.authentication import refusal_of
from sites.errors import TokenLimited, TokenRefused
from sites.models import Scope
from sites.services import access_tokens, bearers

GRANT = "client_credentials"


def person_of(request: HttpRequest, scope: Scope) -> User:
    """The person for whom a token acts, with the rights that it leaves.

    Raises TokenRefused, TokenLimited and ScopeMissing.
    """
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    token = bearers.find(text.strip()) if kind.lower() == "bearer" else None
    if token is None:
        raise refusal_of(request, is_guess=kind.lower() == "bearer" and bool(text.strip()))
    user = access.by_token(token)
    access.present(user).ensure(scope)
    return user


@csrf_exempt
@require_POST
def token(request: HttpRequest, **_: str) -> HttpResponse:
    """The token endpoint (RFC 6749, 4.4): the secret of the client is an access token, whoever it says it is."""
    if request.POST.get("grant_type") != GRANT:
        return _no(
            "unsupported_grant_type",
            "Greenroom lets programs sign in with an access token as the client secret. "
            "Use az login --service-principal.",
        )
    found = access_tokens.find(request.POST.get("client_secret", ""))
    if found is None:
        refusal = refusal_of(request, is_guess=bool(request.POST.get("client_secret")))
        answer = _no("invalid_client", _sentence(refusal), status=refusal.http_status)
        if "retry_after" in refusal.values:
            answer["Retry-After"] = str(refusal.values["retry_after"])
        return answer
    text, seconds = bearers.issue(found)
    return JsonResponse({"token_type": "Bearer", "access_token": text, "expires_in": seconds})


def _sentence(refusal: TokenRefused | TokenLimited) -> str:
    if isinstance(refusal, TokenLimited):
        return str(refusal)
    return (
        "The client secret is not an access token that is in force. "
        "Create one in the portal under Settings, Account, Access tokens."
    )


def _no(error: str, sentence: str, *, status: int = 400) -> HttpResponse:
    """A refusal as token endpoints give it (RFC 6749, 5.2)."""
    return JsonResponse({"error": error, "error_description": sentence}, status=status)
