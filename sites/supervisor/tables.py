"""The database's tables, brought up to date before the parts that use them are started."""

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sites.errors import Refused
from sites.models import Operation


def migrate() -> int:
    """Bring the tables up to date and return how many migrations ran. Raises Refused.

    A migration with `needs_no_open_operations = True` waits until nothing is under way.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    careful = [migration for migration, _ in plan if getattr(migration, "needs_no_open_operations", False)]
    if careful and Operation._meta.db_table in connection.introspection.table_names():
        waiting = Operation.objects.filter(state__in=Operation.OPEN).count()
        if waiting:
            raise Refused(
                f"The update changes how operations are recorded ({careful[0].name}), and {waiting} of them are open. "
                "The tables were not touched. Let them end with the former code, then start again."
            )
    if plan:
        call_command("migrate", interactive=False, verbosity=0)
    return len(plan)
