"""Commands from the portal and by the API: bounded, started by a job, ended with what is known."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.errors import NoSpaceLeft, NotAllowed, NotFound, NothingToRun, SettingRefused, TooManyCommands
from sites.jobs import former_commands, tidy
from sites.jobs import one_off_commands as job
from sites.jobs.turns import turn
from sites.models import OneOffCommand, Operation, PeriodicJob, Role, Slot
from sites.models.clock import now
from sites.planning import command_log
from sites.runtime.spec import EndReason, RunSpec, RunStatus
from sites.services import one_off_commands
from tests.domain import Domain


@pytest.fixture
def production(domain: Domain) -> Slot:
    """Of a staged site; commands stay running."""
    domain.runtime.run_exit_code = None
    return domain.staged()[0]


def begun(domain: Domain, slot: Slot, line: str = "echo one; exit 3") -> OneOffCommand:
    return one_off_commands.run(acting_user=domain.alice, slot=slot, line=line)


def test_it_runs_in_the_sandbox_of_the_slot_and_its_end_is_written_down(domain: Domain, production: Slot) -> None:
    command = begun(domain, production)
    assert command.record.outcome == f"A command runs in '{production.title}'."
    assert Operation.objects.filter(Operation.shown_as("running")).get() == command.record
    assert command.record not in Operation.objects.filter(Operation.shown_as("succeeded"))
    assert job.is_needed()
    job.run()
    job.run()
    spec = domain.runtime.runs[command.run_id]
    assert (spec.command, spec.stdio, spec.owner) == (("/bin/sh", "-c", "echo one; exit 3"), None, production.site_id)
    command_log(command.run_id).write_text("one\n\x1b[31mtwo\npart")
    assert one_off_commands.end_of_output(command).splitlines()[0] == "one"
    assert "\x1b" not in one_off_commands.end_of_output(command)
    piece = one_off_commands.output_since(command, "")
    assert piece.data.startswith(b"one\n") and b"part" not in piece.data
    assert one_off_commands.output_since(command, piece.position).data == b""
    domain.runtime.end_run_with(command.run_id, 3)
    job.run()
    command.refresh_from_db()
    assert (command.is_open, command.exit_code, command.how) == (False, 3, "ended with exit code 3")
    kept = Operation.objects.get(pk=command.record_id)
    assert kept.outcome == f"A command ended with exit code 3 in '{production.title}'."
    assert (kept.actor_name, kept.state) == ("alice", "failed") and kept.ended_at
    assert command.run_id not in domain.runtime.runs
    assert not job.is_needed()


def test_whoever_stops_it_is_named(domain: Domain, production: Slot) -> None:
    command = begun(domain, production)
    job.run()
    with pytest.raises(NotAllowed):
        one_off_commands.stop(acting_user=domain.bob, slot=production, command=command)
    one_off_commands.stop(acting_user=domain.alice, slot=production, command=command)
    job.run()
    command.refresh_from_db()
    assert (command.is_open, command.exit_code, command.how) == (False, None, "was stopped by alice")
    assert Operation.objects.get(pk=command.record_id).state == "cancelled"
    assert command.run_id not in domain.runtime.runs


@pytest.mark.parametrize("is_begun", [True, False])
@pytest.mark.parametrize("how", ["a reader", "a stranger", "switched off", "deleted"])
def test_it_ends_with_the_rights_of_who_asked_for_it(
    domain: Domain, production: Slot, *, how: str, is_begun: bool
) -> None:
    command = begun(domain, production, "sleep 3600")
    if is_begun:
        job.run()
        assert command.run_id in domain.runtime.runs
    roles = production.site.subscription.memberships.filter(user=domain.alice)
    if how == "a reader":
        roles.update(role=Role.READER)
    elif how == "a stranger":
        roles.delete()
    elif how == "switched off":
        domain.alice.is_active = False
        domain.alice.save()
    else:
        domain.alice.delete()
    job.run()
    command.refresh_from_db()
    assert not command.is_open and command.run_id not in domain.runtime.runs
    assert command.how == "was ended because alice may not change the web site any more"


def test_why_it_was_ended_is_said(domain: Domain, production: Slot) -> None:
    command = begun(domain, production)
    job.run()
    domain.runtime.end_reason = EndReason.MEMORY
    domain.runtime.end_run_with(command.run_id, 137)
    job.run()
    command.refresh_from_db()
    assert f"used all of its {production.site.size.figures.memory_mb:,} MB of memory" in command.how


def test_one_that_nobody_could_start_is_given_up(domain: Domain, production: Slot) -> None:
    command = begun(domain, production)
    later = command.record.created_at - timedelta(minutes=2)
    Operation.objects.filter(pk=command.record_id).update(created_at=later)
    job.run()
    command.refresh_from_db()
    assert not command.is_open and command.how.startswith("was not started")
    assert not domain.runtime.runs.get(command.run_id)


def test_it_is_begun_once_also_by_a_worker_that_has_read_it_before_another_closed_it(
    domain: Domain, production: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = begun(domain, production)
    job.run()
    observe, starts = domain.runtime.observe_run, len(domain.runtime.orders)
    domain.runtime.end_run_with(command.run_id, 0)

    def late(run_id: str) -> RunStatus:
        """Another worker, whose turn it is meanwhile, closes it before this one has its answer."""
        monkeypatch.setattr(domain.runtime, "observe_run", observe)
        PeriodicJob.objects.update(due_at=now())
        job.run()
        return observe(run_id)

    monkeypatch.setattr(domain.runtime, "observe_run", late)
    job.run()
    command.refresh_from_db()
    assert command.how == "ended with exit code 0"
    assert (len(domain.runtime.orders), domain.runtime.runs.get(command.run_id)) == (starts, None)


def test_a_stop_that_comes_between_the_look_and_the_start_holds(
    domain: Domain, production: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = begun(domain, production)
    spec_of = job.command_spec

    def stopped(*args: object, **more: object) -> object:
        one_off_commands.stop(acting_user=domain.alice, slot=production, command=command)
        return spec_of(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(job, "command_spec", stopped)
    job.run()
    assert not domain.runtime.runs.get(command.run_id)
    job.run()
    command.refresh_from_db()
    assert command.how == "was stopped by alice"


def test_one_that_was_begun_and_is_lost_is_not_begun_again(domain: Domain, production: Slot) -> None:
    command = begun(domain, production)
    job.run()
    domain.runtime.runs.clear()
    job.run()
    command.refresh_from_db()
    assert command.is_open and not domain.runtime.runs
    OneOffCommand.objects.update(begun_at=now() - timedelta(minutes=2))
    job.run()
    command.refresh_from_db()
    assert (command.is_open, command.how) == (False, "was lost, and nobody knows how it ended")


def test_one_worker_at_a_time_looks_at_them(domain: Domain, production: Slot) -> None:
    command = begun(domain, production)
    with turn(job.TURN, seconds=30):
        job.run()
    assert command.run_id not in domain.runtime.runs
    job.run()
    assert command.run_id in domain.runtime.runs


def test_one_that_the_machine_refuses_is_closed(
    domain: Domain, production: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(spec: RunSpec) -> None:
        raise NoSpaceLeft(what="An order", holds="Nothing was changed.")

    monkeypatch.setattr(domain.runtime, "start_run", refuse)
    command = begun(domain, production)
    job.run()
    command.refresh_from_db()
    assert (command.is_open, command.how) == (False, "could not be started")


def test_what_the_runtime_keeps_of_ended_commands_is_forgotten(
    domain: Domain, production: Slot, settings: LazySettings, tmp_path: Path
) -> None:
    settings.INSTANCE_DIR = tmp_path / "instances"
    settings.GIT_DIR = tmp_path / "git"
    closed, running = begun(domain, production), begun(domain, domain.staged("fabrikam")[0])
    job.run()
    OneOffCommand.objects.filter(pk=closed.pk).update(is_open=False)
    spec = domain.runtime.runs[running.run_id]
    with_terminal, lost = f"command-{'a' * 32}", f"command-{'b' * 32}"
    domain.runtime.runs |= {with_terminal: spec, lost: spec}
    for run_id in (closed.run_id, running.run_id, with_terminal, lost):
        (settings.INSTANCE_DIR / "runs" / run_id).mkdir(parents=True)
    os.utime(settings.INSTANCE_DIR / "runs" / lost, (0, 0))
    tidy.sweep()
    assert domain.runtime.runs.keys() == {running.run_id, with_terminal}


def test_output_without_a_slot_or_a_row_is_removed_when_nothing_can_write_it_any_more(
    domain: Domain, production: Slot, settings: LazySettings, tmp_path: Path
) -> None:
    settings.LOG_DIR = tmp_path / "logs"
    commands = []
    for _ in range(3):
        commands.append(begun(domain, production))
        OneOffCommand.objects.update(is_open=False)
    kept, orphan, of_deleted = commands
    OneOffCommand.objects.filter(pk=orphan.pk).update(slot=None)
    Operation.objects.filter(pk=of_deleted.record_id).delete()
    logs = [command_log(one.run_id) for one in (kept, orphan, of_deleted)]
    logs += [logs[2].with_name(f"{logs[2].name}.1"), command_log("command-of-a-terminal")]
    for log in logs:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("one")
    former_commands.remove_output()
    assert not OneOffCommand.objects.filter(pk=orphan.pk).exists() and all(log.exists() for log in logs)
    for log in logs[:4]:
        os.utime(log, (0, 0))
    former_commands.remove_output()
    assert [log.exists() for log in logs] == [True, False, False, False, True]


def test_it_ends_with_its_slot(domain: Domain, production: Slot) -> None:
    command = begun(domain, production)
    job.run()
    OneOffCommand.objects.update(slot=None)
    job.run()
    command.refresh_from_db()
    assert (command.is_open, command.how) == (False, "was ended because its slot was deleted")
    assert command.run_id not in domain.runtime.runs


def test_all_output_that_is_kept_is_given(domain: Domain, production: Slot) -> None:
    command = begun(domain, production)
    job.run()
    text = "".join(f"line {number:06}\n" for number in range(120_000))
    command_log(command.run_id).write_text(text)
    found, position = "", ""
    while (piece := one_off_commands.output_since(command, position)).data:
        found, position = found + piece.data.decode(), piece.position
    assert found == text
    assert len(one_off_commands.end_of_output(command)) <= one_off_commands.BYTES_SHOWN
    command_log(command.run_id).write_text("".join("x" * 1000 + "\n" for _ in range(500)))
    assert 30_000 < len(one_off_commands.end_of_output(command)) <= one_off_commands.BYTES_SHOWN


def test_one_runs_in_a_site_two_in_a_subscription_and_the_newest_are_kept(
    domain: Domain, production: Slot, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    monkeypatch.setattr(one_off_commands, "KEPT", 2)
    staging = production.site.slots.get(name="staging")
    first = begun(domain, production)
    with pytest.raises(TooManyCommands, match="One command of the web site 'contoso' can run at once, and one runs"):
        begun(domain, staging)
    begun(domain, domain.staged("northwind")[0])
    with pytest.raises(TooManyCommands, match="2 commands of a subscription"):
        begun(domain, domain.staged("fabrikam")[0])
    OneOffCommand.objects.update(is_open=False)
    command_log(first.run_id).parent.mkdir(parents=True, exist_ok=True)
    command_log(first.run_id).write_text("one")
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            begun(domain, production)
        OneOffCommand.objects.update(is_open=False)
    assert one_off_commands.of_slot(production).count() == 2
    assert not command_log(first.run_id).exists()
    with pytest.raises(NotFound, match="last 2 only"):
        one_off_commands.find(production, first.record.public_id)
    assert Operation.objects.filter(pk=first.record_id).exists()


def test_a_reader_an_empty_slot_and_what_is_no_command_get_none(domain: Domain, production: Slot) -> None:
    with pytest.raises(NotAllowed):
        one_off_commands.run(acting_user=domain.bob, slot=production, line="true")
    with pytest.raises(NothingToRun):
        begun(domain, domain.create("fabrikam").slots.get())
    for line, why in (("", "from 1 to 4,000"), ("  ", "this one has 0"), ("x" * 4001, "4,001"), ("a\0b", "zero byte")):
        with pytest.raises(SettingRefused, match=f"{why}.*nothing was started"):
            begun(domain, production, line)
    assert not OneOffCommand.objects.exists()
