"""SAVE and DISCARD of a settings page."""

from django.urls import reverse

from portal.command_bar import Command
from sites.models import Slot

FORMS = {"configure": "configure-form", "scale": "scale-form"}
"""The tabs that have them, and the id of the form that SAVE sends."""


def settings_commands(slot: Slot, tab: str, *, is_returned: bool = False) -> list[Command]:
    """SAVE sends the form; DISCARD is a link to the page as it is saved, so that it works without JavaScript.

    What was typed before a session ended (`is_returned`) would come back with the page, so DISCARD forgets it.
    """
    save = Command("save", "Save", "save", does="submit", form=FORMS[tab])
    if is_returned:
        return [save, Command("discard", "Discard", "restart", reverse("kept-discard"), "post")]
    page = reverse(f"site-{tab}", args=[slot.site.name, slot.name])
    return [save, Command("discard", "Discard", "restart", page)]
