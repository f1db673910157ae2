"""A command runs as the application of its slot would run it, and is recorded before it begins."""

import pytest

from sites.errors import NotFound, NothingToRun
from sites.models import Operation, OperationState
from sites.services import one_off_commands
from sites.services.settings import Entry
from tests.domain import Domain

STDIO = ("/dev/pts/1", "/dev/pts/1", "/dev/pts/1")
COMMAND = ("python", "manage.py", "load", "two words")


def test_it_has_settings_content_and_limits_of_the_slot(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(staging, Entry("COLOUR", "green"))
    staging.refresh_from_db()
    site = production.site
    spec, record = one_off_commands.plan(site=site.name, slot="staging", command=COMMAND, stdio=STDIO, terminal="xterm")
    runnable = staging.live_revision.runnable
    assert (spec.env["COLOUR"], spec.env["TERM"]) == ("green", "xterm")
    assert (spec.command, spec.owner, spec.stdio) == (COMMAND, site.pk, STDIO)
    assert (spec.mounts[0].source, spec.mounts[0].target, spec.mounts[0].is_writable) == (
        runnable["app"],
        "/app",
        False,
    )
    assert spec.limits.memory_mb == runnable["limits"]["memory_mb"]
    assert record.outcome == f"A command runs in '{staging.title}'."
    assert record.one_off_command.line == "python manage.py load 'two words'"


def test_its_record_says_how_it_ended(domain: Domain) -> None:
    production, _ = domain.staged()
    _, record = one_off_commands.plan(
        site=production.site.name.upper(), slot="production", command=("x" * 900,), stdio=STDIO
    )
    assert record.goes_on and record.state_word == "In progress"
    one_off_commands.end(record, how="ended with exit code 3 after 2 s", has_succeeded=False)
    kept = Operation.objects.get(pk=record.pk)
    assert kept.outcome == f"A command ended with exit code 3 after 2 s in '{production.title}'."
    row = kept.one_off_command
    assert (row.is_open, row.how, row.line) == (False, "ended with exit code 3 after 2 s", "x" * 900)
    assert not kept.goes_on
    assert (kept.site, kept.state, kept.actor_name) == (production.site, OperationState.FAILED, "the command line")


def test_a_slot_that_is_not_there_or_has_nothing_is_refused(domain: Domain) -> None:
    site = domain.create()
    with pytest.raises(NotFound, match="no web site 'nobody'"):
        one_off_commands.plan(site="nobody", slot="production", command=COMMAND, stdio=STDIO)
    with pytest.raises(NotFound, match="a slot 'staging'"):
        one_off_commands.plan(site=site.name, slot="staging", command=COMMAND, stdio=STDIO)
    with pytest.raises(NothingToRun, match="Nothing was published"):
        one_off_commands.plan(site=site.name, slot="production", command=COMMAND, stdio=STDIO)
    assert not Operation.objects.filter(kind="command").exists()
