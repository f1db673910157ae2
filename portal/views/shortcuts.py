"""Single keys that press commands: switched off and on by whoever is bothered by them (WCAG 2.1.4)."""

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from portal.answers import back_address
from portal.http import PortalRequest
from portal.models import Preference


@require_POST
def switch_shortcuts(request: PortalRequest) -> HttpResponse:
    """Keep for this person, in every browser, whether single keys do anything; then back to the page."""
    wanted = {"has_shortcuts": request.POST.get("shortcuts") == "on"}
    Preference.objects.update_or_create(user=request.user, defaults=wanted)
    return HttpResponseRedirect(back_address(request), status=303)
