"""A program runs a command, follows what it writes, and stops it."""

from sites.jobs import one_off_commands as job
from sites.models import OneOffCommand, Scope, Slot
from sites.planning import command_log
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
    command = OneOffCommand.objects.get()
    command_log(command.run_id).write_text("one\n")
    found = program.get(f"{OF_SLOT}/{begun['id']}").json()
    assert found["output"] == "one\n"
    assert program.get(f"{OF_SLOT}/{begun['id']}?after={found['next']}").json()["output"] == ""
    assert program.get(f"{OF_SLOT}/{begun['id']}?after=nonsense").json()["code"] == "SettingRefused"
    assert program.post(f"{OF_SLOT}/{begun['id']}/stop").status_code == 202
    job.run()
    assert program.get(OF_SLOT).json()["items"][0]["how"] == "was stopped by alice"


def test_it_needs_the_scope_administer(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    program = program_of(domain.alice, Scope.READ, Scope.PUBLISH)
    assert program.get(OF_SLOT).status_code == 403
    assert program.post(OF_SLOT, {"command": "env"}).status_code == 403
