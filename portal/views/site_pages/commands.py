"""SAVE and DISCARD of a settings page."""

from portal.command_bar import Command, save_commands


def settings_commands(page: str, *, form: str) -> list[Command]:
    """SAVE sends the form; DISCARD is a link to the page as it is saved, so that it works without JavaScript."""
    save = save_commands(form)[0]
    return [save, Command("discard", "Discard", "restart", page)]
