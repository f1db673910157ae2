"""Configure: start command, app settings, connection strings and persistent folders."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.answers import answer_operation
from portal.http import PortalRequest
from portal.site_forms import SECTIONS, entry_forms, typed_entries
from portal.views.site_pages import parts
from portal.views.site_pages.commands import settings_commands
from portal.views.site_pages.facts import SlotFacts
from sites.access import get_slot, get_slot_for_change
from sites.errors import SettingRefused
from sites.models import Category, Slot
from sites.services.settings import Entry, general, read_settings, save_categories

START_COMMAND = "start_command"


@require_http_methods(["GET", "HEAD", "POST"])
def configure(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The page, and its SAVE."""
    if request.method == "POST":
        return _save(request, get_slot_for_change(request.user, site_name, slot_name))
    return show_page(request, get_slot(request.user, site_name, slot_name))


def show_page(request: PortalRequest, slot: Slot, *, revealed: bool = False) -> HttpResponse:
    """The page; connection strings are hidden unless `revealed`."""
    present = {category: read_settings(slot, category) for category in SECTIONS}
    rows = {category.value: entry_forms(category, found, revealed=revealed) for category, found in present.items()}
    context = {
        "facts": SlotFacts(request.user, slot),
        "sections": rows,
        "start_command": general(slot, START_COMMAND),
        "revealed": revealed,
    }
    address = reverse("site-configure", args=[slot.site.name, slot.name])
    save = settings_commands(address, form="configure-form")
    is_open = parts.open_operation(slot) is not None
    return parts.show(
        request, slot, "configure", context, commands=("browse",), extra_commands=save, part="busy", is_open=is_open
    )


def _save(request: PortalRequest, slot: Slot) -> HttpResponse:
    """Save every category that was changed, as one operation."""
    changed: dict[str, list[Entry]] = {}
    for category in (Category.GENERAL, *SECTIONS):
        present = read_settings(slot, category)
        typed = _typed(request, category, present)
        if sorted(typed, key=lambda entry: entry.name) != present:
            changed[category] = typed
    if not changed:
        raise SettingRefused(f"Nothing on this page differs from what '{slot.title}' has; nothing was saved.")
    operation = save_categories(acting_user=request.user, slot=slot, categories=changed)
    return answer_operation(request, operation, request.path)


def _typed(request: PortalRequest, category: Category, present: list[Entry]) -> list[Entry]:
    if category == Category.GENERAL:
        others = [entry for entry in present if entry.name != START_COMMAND]
        command = request.POST.get(START_COMMAND, "").strip()
        return [*others, Entry(START_COMMAND, command)] if command else others
    typed = typed_entries(request.POST, category, present)
    if typed is None:
        raise SettingRefused(f"The rows of {category.label} could not be read; nothing was saved. Reload the page.")
    return typed
