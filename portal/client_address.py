"""From where a request comes."""

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Who asks: the address that the router appended; the header's earlier entries are the client's own words."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return (request.META.get("REMOTE_ADDR") or forwarded.rpartition(",")[2].strip() or "unknown")[:45]
