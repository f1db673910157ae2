"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1)."""

import re

from django.http import HttpRequest

from sites.errors import PreconditionFailed, RequestRefused

_TAG = re.compile(r'"([0-9a-f]{64})"')


def etag(digest: str) -> str:
    """A digest as a strong entity tag."""
    return f'"{digest}"'


def expected_tag(request: HttpRequest) -> str | None:
    """The digest that If-Match names; None without the header. Raises RequestRefused for what is no such tag."""
    said = request.headers.get("If-Match")
    if said is None:
        return None
    found = _TAG.fullmatch(said.strip())
    if found is None:
        raise RequestRefused(reason="If-Match takes one ETag of this API, with its quotation marks")
    return found[1]


def ensure_match(request: HttpRequest, present: str, refusal: PreconditionFailed) -> None:
    """Raises `refusal` when If-Match names another digest than the present one."""
    expected = expected_tag(request)
    if expected is not None and expected != present:
        raise refusal
