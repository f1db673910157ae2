"""What holds for every request: which host serves what, and how a refusal is answered."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

type_get_response = Callable[[HttpRequest], HttpResponse]


class HostMiddleware:
    """Send publishing host names to their own addresses."""

    def __init__(self, get_response: type_get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)


class RefusalMiddleware(HostMiddleware):
    """Answer refusals of the domain."""
