"""Discard what came back into a form after a session had ended."""

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from portal import kept_form
from portal.answers import answer_page, back_address
from portal.http import PortalRequest


@require_POST
def discard(request: PortalRequest) -> HttpResponse:
    """Forget it, and show the page as it is saved."""
    kept_form.forget(request)
    return answer_page(request, back_address(request))
