"""A slot in a crash loop says so in the operation logs."""

import pytest

from sites.jobs import reconcile
from sites.models import Operation, Slot
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
    assert began.startswith("Instance 1 of 1 of 'contoso' ends again and again, last with code 137.")
    domain.runtime.recover()
    for _ in range(3):
        reconcile.run()
    assert len(sentences()) == 2
    assert sentences()[-1].startswith("'contoso' has run for a minute again; it was failing since")


def test_what_serves_nobody_fails_in_silence(domain: Domain) -> None:
    production, _staging = domain.swapped()
    former = production.revisions.exclude(live_slots=production).latest("pk")
    domain.runtime.exit_with(former.pk, 0, 1, restarts=9)
    reconcile.run()
    assert sentences() == []
