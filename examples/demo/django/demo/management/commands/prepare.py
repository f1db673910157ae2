"""Tables and the demonstration's user; may be run again."""

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management import BaseCommand, call_command


class Command(BaseCommand):
    """The release command."""

    help = "Create the tables and the user of the demonstration."

    def handle(self, *args: object, **options: object) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        # A fixed salt gives the same hash in every database, so that a signed-in session holds in each.
        # A shorter one would be replaced by a random one when somebody signs in.
        password = make_password(settings.DEMO_PASSWORD, salt="demonstrationdemonstration")
        User.objects.update_or_create(username=settings.DEMO_USER, defaults={"password": password})
        self.stdout.write(f"user '{settings.DEMO_USER}' is there")
