"""What an authority that issues certificates (ACME) asks for at the portal's own host."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from sites.services import own_certificates

PLAIN = "text/plain; charset=utf-8"


@require_safe
@login_not_required
def proof(request: HttpRequest, token: str) -> HttpResponse:
    """The proof under this token while the order is open (RFC 8555, 8.3); routers answer for all other host names."""
    value = own_certificates.proof_of_portal(token)
    if value is None:
        return HttpResponse("There is no such proof here.\n", status=404, content_type=PLAIN)
    return HttpResponse(value, content_type=PLAIN)
