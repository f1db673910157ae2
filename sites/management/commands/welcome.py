"""`manage.py welcome`: the way in while nobody has a password; `up` shows it when everything runs."""

from django.core.management.base import CommandParser

from sites.management.base import GreenroomCommand
from sites.management.welcome import sign_in_line


class Command(GreenroomCommand):
    """Prints a sentence, or nothing when an administrator can sign in."""

    help = "Show the way into the portal while no administrator has a password."
    is_refused_by_checks = False  # `up` has checked

    def add_arguments(self, parser: CommandParser) -> None:
        """--without-link, for a place that others may read."""
        parser.add_argument("--without-link", action="store_true", help="name a command in place of a one-time link")

    def handle(self, *, without_link: bool, **_: object) -> None:
        """Makes the administrator when there is none."""
        if line := sign_in_line(with_link=not without_link):
            self.stdout.write(line)
