"""A program runs a command, follows what it writes, and stops it."""

from django.db import connection

from sites.jobs import one_off_commands as job
from sites.models import OneOffCommand, Scope, Slot
from sites.planning import command_log
from sites.services import one_off_commands
from tests.domain import Domain
from tests.sites.api.program import Program, program_of

OF_SLOT = "/sites/contoso/slots/production/commands"


def test_a_command_is_run_followed_and_listed(domain: Domain, slots: tuple[Slot, Slot], program: Program) -> None:
    domain.runtime.run_exit_code = None
    answer = program.post(OF_SLOT, {"command": "echo one"}, Idempotency_Key="once")
    assert answer.status_code == 202
    begun = answer.json()
    assert (begun["command"], begun["actor"], begun["is_open"]) == ("echo one", "alice", True)
    assert program.post(OF_SLOT, {"command": "echo one"}, Idempotency_Key="once").json()["id"] == begun["id"]
    assert program.post(OF_SLOT, {"command": "echo two"}).json()["code"] == "TooManyCommands"
    job.run()
    (recorded,) = program.get("/operations?state=running").json()["items"]
    assert (recorded["kind"], recorded["is_open"], recorded["ended_at"]) == ("command", True, None)
    ended = program.get("/operations?state=succeeded").json()["items"]
    assert "command" not in {one["kind"] for one in ended}
    command = OneOffCommand.objects.get()
    command_log(command.run_id).write_text("one\n")
    found = program.get(f"{OF_SLOT}/{begun['id']}").json()
    assert found["output"] == "one\n"
    assert program.get(f"{OF_SLOT}/{begun['id']}?after={found['next']}").json()["output"] == ""
    assert program.get(f"{OF_SLOT}/{begun['id']}?after=nonsense").json()["code"] == "SettingRefused"
    assert program.post(f"{OF_SLOT}/{begun['id']}/stop").status_code == 202
    job.run()
    assert program.get(OF_SLOT).json()["items"][0]["how"] == "was stopped by alice"


def test_the_operations_which_readers_see_do_not_have_the_line(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    one_off_commands.run(acting_user=domain.alice, slot=slots[0], line="load --password hidden")
    found = program_of(domain.bob, Scope.READ).get("/operations")
    assert "A command runs in 'contoso'." in found.content.decode() and "hidden" not in found.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT line FROM sites_oneoffcommand")
        assert "hidden" not in str(cursor.fetchall())


def test_it_needs_the_scope_administer(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    program = program_of(domain.alice, Scope.READ, Scope.PUBLISH)
    assert program.get(OF_SLOT).status_code == 403
    assert program.post(OF_SLOT, {"command": "env"}).status_code == 403
