"""`./greenroom password`: a new password or a one-time link for the administrator."""

import getpass
import sys

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from portal.accounts import notices, sessions
from portal.accounts.links import MINUTES
from portal.options import describe_options
from sites.management.base import GreenroomCommand
from sites.management.welcome import ADMINISTRATOR, administrator, link_for
from sites.operations.kinds.recorded import PASSWORD
from sites.supervisor.lock import UpLock


class Command(GreenroomCommand):
    """Asks twice on a terminal, else reads one line; makes the administrator when there is none."""

    help = "Set a person's password, by default the administrator's, or print a one-time sign-in link with --link."

    def add_arguments(self, parser: CommandParser) -> None:
        """--user, --link and Greenroom's own options."""
        parser.add_argument("--user", default=ADMINISTRATOR, help="whose password (admin)")
        parser.add_argument("--link", action="store_true", help="print a one-time link in place of asking")
        describe_options(parser)

    def handle(self, *, user: str, link: bool, **_: object) -> None:
        """Exit code 1 with a sentence when the password is refused."""
        account = self._account(user)
        if link:
            holder = UpLock(settings.RUN_DIR).holder()
            self.stderr.write(f"This link leads {user} to choosing a password, once, within {MINUTES} minutes:")
            self.stdout.write(link_for(account, port=holder.port if holder else 0))
            return
        password = self._read(user)
        try:
            validate_password(password, account)
        except ValidationError as error:
            self._refuse(" ".join(error.messages))
        account.set_password(password)
        account.save(update_fields=["password"])
        sessions.end_others(None, account)
        outcome = f"The password of {user} was changed on the server. Every browser is signed out."
        notices.tell(account, outcome, kind=PASSWORD, actor_name="the command line")
        self.stdout.write(f"{user} has a new password; whoever was signed in as {user} is signed out.")

    def _account(self, name: str) -> User:
        """The account of that name; only the administrator's own is made when it is missing."""
        found = User.objects.filter(username=name).first()
        if found is None and name != ADMINISTRATOR:
            self._refuse(f"Nobody here has the name '{name}'.")
        return found or administrator()

    def _read(self, user: str) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\n")
        password = getpass.getpass(f"New password of {user}: ")
        if password != getpass.getpass("Once more: "):
            self._refuse("The two were not the same.")
        return password

    def _refuse(self, reason: str) -> None:
        self.stderr.write(f"{reason} The password was not changed; run ./greenroom password again.")
        raise SystemExit(1)
