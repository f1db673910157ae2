"""SAVE and DISCARD of a settings page."""

from django.urls import reverse

from portal.command_bar import Command, save_commands


def settings_commands(page: str, *, form: str, is_returned: bool = False) -> list[Command]:
    """SAVE sends the form; DISCARD is a link to the page as it is saved, so that it works without JavaScript.

    What was typed before a session ended (`is_returned`) would come back with the page, so DISCARD forgets it.
    """
    save = save_commands(form)[0]
    if is_returned:
        return [save, Command("discard", "Discard", "restart", reverse("kept-discard"), "post")]
    return [save, Command("discard", "Discard", "restart", page)]
