"""The tables are brought up to date, and a careful migration waits."""

import pytest

from sites.errors import Refused
from sites.models import Operation, OperationState
from sites.operations.kinds.swap import SWAP
from sites.supervisor import tables
from sites.supervisor.tables import migrate


class CarefulExecutor:
    """Finds one migration that must not meet an open operation."""

    class _Migration:
        name = "0099_other_steps"
        needs_no_open_operations = True

    class loader:
        class graph:
            @staticmethod
            def leaf_nodes() -> list[tuple[str, str]]:
                return [("sites", "0099_other_steps")]

    def __init__(self, _: object) -> None:
        pass

    def migration_plan(self, _: object) -> list[tuple[object, bool]]:
        return [(self._Migration(), False)]


@pytest.mark.django_db
def test_a_careful_migration_waits_until_no_operation_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(tables, "MigrationExecutor", CarefulExecutor)
    monkeypatch.setattr(tables, "call_command", lambda name, **_: ran.append(name))
    operation = Operation.objects.create(kind=SWAP.name, target="contoso", actor_name="alice")
    with pytest.raises(Refused, match=r"0099_other_steps.*1 of them are open.*were not touched"):
        migrate()
    assert ran == []
    operation.transition(OperationState.REQUESTED, OperationState.SUCCEEDED)
    assert migrate() == 1
    assert ran == ["migrate"]
