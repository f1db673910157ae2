"""`manage.py prepare`: tables and static files as the present code needs them; `up` runs it before the parts."""

from sites.management.base import GreenroomCommand
from sites.services import routers
from sites.supervisor.static_files import collect_static
from sites.supervisor.tables import migrate


class Command(GreenroomCommand):
    """Says in a line what was done; exit code 1 with a sentence when it is refused, or when a setting is wrong."""

    help = "Bring the database's tables and the static files up to date."

    def handle(self, **_: object) -> None:
        """Safe to run at any time: see migrate."""
        count = migrate()
        collect_static()
        routers.ensure_local_is_active()
        self.stdout.write(f"ready, {count} migrations applied" if count else "ready")
