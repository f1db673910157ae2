"""The slot's publishing credentials and hidden values: replaced or shown on request, and only by POST."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from portal.answers import answer_operation
from portal.command_bar import LIST_COMMANDS
from portal.configuration import read_configuration
from portal.confirmation import confirm
from portal.http import PortalRequest
from portal.templatetags.site_pages import rows_context
from portal.views.site_pages import configure, parts
from portal.views.site_pages.facts import SlotFacts
from sites.access import get_slot_for_change
from sites.errors import NotFound
from sites.publishing.profile import publish_profile
from sites.services import secrets, slots


@require_http_methods(["GET", "HEAD", "POST"])
def reset_credentials(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Ask, then replace the publishing password."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if request.method != "POST":
        return confirm(request, "site/reset_question.html", slot)
    return answer_operation(request, slots.reset_credentials(acting_user=request.user, slot=slot))


@require_POST
def reveal_password(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Show the publishing password, once, in place or on the dashboard."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    password = secrets.reveal_publishing_password(acting_user=request.user, slot=slot)
    context = {"facts": SlotFacts(request.user, slot), "password": password}
    return parts.show(request, slot, "dashboard", context, commands=LIST_COMMANDS, part="publishing-password")


@require_POST
def download_profile(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The publish profile with the publishing password, as a file."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    facts = SlotFacts(request.user, slot)
    if not facts.publishing_address:
        raise NotFound
    name = slot.site.name if slot.is_production else f"{slot.site.name}-{slot.name}"
    profile = publish_profile(
        name=name,
        user=slot.publishing_user,
        password=secrets.reveal_for_profile(acting_user=request.user, slot=slot),
        publishing_address=facts.publishing_address,
        site_address=facts.address,
        portal_address=request.build_absolute_uri("/"),
    )
    return HttpResponse(
        profile,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}.PublishSettings"'},
    )


@require_POST
def reveal_values(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Show hidden values of the Configure page, one (`show=CATEGORY:NAME`) or all of a category (`show=CATEGORY`).

    What was typed and is not saved yet stays as it is.
    """
    slot = get_slot_for_change(request.user, site_name, slot_name)
    configuration = read_configuration(slot)
    configuration.read(request.POST)
    category, _, name = request.POST.get("show", "").partition(":")
    configuration.show_values(request.user, category, name)
    if not request.htmx:
        return configure.show_page(request, slot, configuration)
    rows = rows_context(configuration.rows[category], configure.reveal_address(request.user, slot))
    return render(request, "site/_entry_rows.html", rows)
