"""The slot's publishing credentials and hidden values: replaced or shown on request, and only by POST."""

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.answers import answer_operation
from portal.command_bar import LIST_COMMANDS
from portal.confirmation import confirm
from portal.http import PortalRequest
from portal.views.site_pages import configure, parts
from portal.views.site_pages.facts import SlotFacts
from sites.access import get_slot_for_change
from sites.services import secrets, slots


@require_http_methods(["GET", "HEAD", "POST"])
def reset_credentials(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Ask, then replace the publishing password."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if request.method != "POST":
        return confirm(request, "site/reset_question.html", slot)
    return answer_operation(request, slots.reset_credentials(acting_user=request.user, slot=slot))


@never_cache
@require_POST
def reveal_password(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Show the publishing password, once, in place or on the dashboard."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    password = secrets.reveal_publishing_password(acting_user=request.user, slot=slot)
    context = {"facts": SlotFacts(request.user, slot), "password": password}
    return parts.show(request, slot, "dashboard", context, commands=LIST_COMMANDS, part="publishing-password")


@never_cache
@require_POST
def reveal_connection_strings(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Show the values of the connection strings on the Configure page."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    secrets.reveal_connection_strings(acting_user=request.user, slot=slot)
    return configure.show_page(request, slot, is_revealed=True)
