"""The token endpoint: an identity token that a web site trusts, for an access token (RFC 8693)."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Form, Router, Schema
from pydantic import Field

from sites.api.authentication import refusal_of
from sites.api.shapes.common import ERRORS, Problem
from sites.errors import IdentityRefused, Refused, RequestRefused, ScopeMissing, TokenLimited
from sites.services.token_exchange import LASTS, exchange

router = Router(tags=["tokens"])
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 a name of RFC 8693
IDENTITY_TOKENS = ("urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt")
ERROR_OF = {IdentityRefused: "invalid_grant", ScopeMissing: "invalid_scope", RequestRefused: "invalid_request"}


class ExchangeAsked(Schema):
    """As RFC 8693, section 2.1 has it."""

    grant_type: str = Field(max_length=200, description=GRANT)
    subject_token: str = Field(max_length=20_000, description="the identity token of the job")
    subject_token_type: str = Field(max_length=200, description=" or ".join(IDENTITY_TOKENS))
    audience: str = Field(max_length=64, description="name of the web site")
    scope: str = Field("", max_length=200, description="some of what the trust gives, separated by blanks")


class TokenIssued(Schema):
    """As RFC 8693, section 2.2.1 has it."""

    access_token: str
    issued_token_type: str
    token_type: str
    expires_in: int
    scope: str


class ExchangeProblem(Problem):
    """A refusal of this API that clients of OAuth understand too (RFC 6749, section 5.2)."""

    error: str | None = None
    error_description: str | None = None


@router.post("/token-exchange", response={200: TokenIssued, ERRORS: ExchangeProblem}, auth=None)
def exchange_token(request: HttpRequest, asked: Form[ExchangeAsked]) -> HttpResponse:
    """Exchange the OpenID Connect token of a pipeline's job for an access token of 15 minutes."""
    try:
        if asked.grant_type != GRANT:
            return _no(RequestRefused(reason=f"grant_type must be {GRANT}"), "unsupported_grant_type")
        if asked.subject_token_type not in IDENTITY_TOKENS:
            raise RequestRefused(reason=f"subject_token_type must be {' or '.join(IDENTITY_TOKENS)}")
        scopes = asked.scope.split() or None
        token, text = exchange(site_name=asked.audience, identity_token=asked.subject_token, scopes=scopes)
    except IdentityRefused as refusal:
        wrong = refusal_of(request, is_guess=True)
        return _no(wrong if isinstance(wrong, TokenLimited) else refusal, ERROR_OF[IdentityRefused])
    except Refused as refusal:
        return _no(refusal, ERROR_OF.get(type(refusal), "temporarily_unavailable"))
    return JsonResponse(
        {
            "access_token": text,
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": int(LASTS.total_seconds()),
            "scope": " ".join(token.scopes),
        }
    )


def _no(refusal: Refused, error: str) -> HttpResponse:
    said = {"code": refusal.code, "message": str(refusal), "error": error, "error_description": str(refusal)}
    answer = JsonResponse(said, status=400 if error == "invalid_scope" else refusal.http_status)
    if "retry_after" in refusal.values:
        answer["Retry-After"] = str(refusal.values["retry_after"])
    return answer
