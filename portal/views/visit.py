"""Lead a person on who wanted to visit a slot and had to sign in first."""

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from portal.http import PortalRequest
from sites.services import visitors


@require_safe
def visit(request: PortalRequest) -> HttpResponse:
    """Back to the slot with a code that is good once; a stranger to the web site is told whom to ask."""
    to, state = request.GET.get("to", ""), request.GET.get("state", "")
    return HttpResponseRedirect(visitors.way_back(acting_user=request.user, to=to, state=state))
