"""Notes when a request began, and tells open pages what it changed."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.news.told import told

READING = ("GET", "HEAD", "OPTIONS")


class NewsMiddleware:
    """Of every request, by whichever front it came. Most changes are found as operations as well; some leave none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """A page is true as of the time before its first query."""
        request.began_at = time.time()  # type: ignore[attr-defined]
        answer = self.get_response(request)
        if request.method not in READING and answer.status_code < 400 and request.resolver_match:
            name = str(request.resolver_match.kwargs.get("site_name", ""))
            user = getattr(request, "user", None)
            told.tell(name, user.pk if user is not None and user.is_authenticated else None)
        return answer
