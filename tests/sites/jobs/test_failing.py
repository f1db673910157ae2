"""A slot in a crash loop says so in the operation logs."""

import pytest

from sites.errors import RuntimeUnreachable
from sites.jobs import reconcile
from sites.models import Event, Operation, Slot
from sites.runtime.spec import EndReason
from tests.domain import Domain

LOOPS = "crash_loop"


@pytest.fixture
def production(domain: Domain) -> Slot:
    slot, _staging = domain.staged()
    return slot


def sentences() -> list[str]:
    return list(Operation.objects.filter(kind=LOOPS).order_by("pk").values_list("outcome", flat=True))


def test_the_logs_say_once_when_it_begins_and_when_it_is_over(domain: Domain, production: Slot) -> None:
    domain.runtime.exit_with(production.live_revision_id, 0, 137, restarts=2)
    reconcile.run()
    assert sentences() == [], "it may be over at once"
    domain.runtime.exit_with(production.live_revision_id, 0, 137, restarts=3)
    for _ in range(3):
        reconcile.run()
    (began,) = sentences()
    assert began.startswith(
        "Instance 1 of 1 of 'contoso' ends again and again. "
        "Last it ended with code 137 (it was killed: signal 9, SIGKILL)."
    )
    domain.runtime.recover()
    for _ in range(3):
        reconcile.run()
    assert len(sentences()) == 2
    assert sentences()[-1].startswith("'contoso' has run for a minute again; it was failing since")


def test_the_record_has_the_last_lines_and_the_limit_and_no_event_has_lines(
    domain: Domain, production: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain.runtime, "log_tail", lambda *_, **__: ["connecting to db:5432", "no database"])
    monkeypatch.setattr(domain.runtime, "end_reason", EndReason.MEMORY)
    domain.runtime.exit_with(production.live_revision_id, 0, 137, restarts=3)
    reconcile.run()
    (began,) = sentences()
    limit = f"{production.site.size.figures.memory_mb:,} MB"
    assert f"Last it was ended because it used all of its {limit} of memory." in began
    assert began.endswith("\nIts last lines:\nconnecting to db:5432\nno database")
    assert "no database" not in Event.objects.get(type="instance.crash_loop").sentence


def test_a_log_that_cannot_be_read_keeps_nothing_from_being_written_down(
    domain: Domain, production: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> list[str]:
        raise RuntimeUnreachable(part="agent", reason="it is away")

    monkeypatch.setattr(domain.runtime, "log_tail", away)
    domain.runtime.exit_with(production.live_revision_id, 0, 1, restarts=3)
    reconcile.run()
    assert len(sentences()) == 1


def test_what_serves_nobody_fails_in_silence(domain: Domain) -> None:
    production, _staging = domain.swapped()
    former = production.revisions.exclude(live_slots=production).latest("pk")
    domain.runtime.exit_with(former.pk, 0, 1, restarts=9)
    reconcile.run()
    assert sentences() == []
