"""Promises of docs/swap.md that no other test holds, and that each promise there names a test that exists."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F

from sites.jobs import reconcile
from sites.models import Revision
from sites.operations.probing import Questions
from sites.planning import Entries
from sites.services import slots, swaps
from tests.domain import Domain

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "swap.md"


def test_nothing_starts_after_a_swap(domain: Domain) -> None:
    production, staging = domain.staged()
    operation = domain.swap(staging, production)
    assert operation.state == "succeeded", operation.outcome
    running = {(status.revision_id, status.ordinal, status.generation) for status in domain.runtime.observe()}
    serving = domain.revision_behind("contoso.localhost")
    for _ in range(5):
        Revision.objects.update(retained_until=F("retained_until") - timedelta(hours=1))
        reconcile.run()
        domain.retire()
    assert {(one.revision_id, one.ordinal, one.generation) for one in domain.runtime.observe()} <= running
    assert domain.revision_behind("contoso.localhost") == serving


def test_an_application_that_redirects_to_tls_is_reached(domain: Domain) -> None:
    production, _staging = domain.staged()
    questions = Questions([production], Entries([production.pk], [production.workload_id]))
    spec = questions.ask("one", production, production.workload_id, (production.live_revision_id, 0))
    assert spec.headers["X-Forwarded-Proto"] == "https" and spec.headers["Host"].startswith("contoso.localhost")
    assert all(spec.accepts(status) for status in ("200", "301", "401"))


def test_a_failure_tells_the_instance_the_answer_and_its_last_lines(domain: Domain) -> None:
    production, staging = domain.staged()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    domain.runtime.write_log(staging.live_revision_id, 0, "KeyError: 'DATABASE'")
    domain.answers = {staging.live_revision_id: "503"}
    domain.work(operation)
    assert operation.state == "failed"
    for part in ("instance 1 of 'contoso", "answered 503 to GET / 5 times", "200–499", "KeyError: 'DATABASE'"):
        assert part in operation.outcome
    assert "Production was not touched." in operation.outcome
    assert operation.steps.get(is_failed=True).step == "warming"
    assert all(step.ended_at >= step.started_at for step in operation.steps.all())


def test_a_stopped_slot_runs_nothing(domain: Domain) -> None:
    production, staging = domain.staged()
    stopped = staging.live_revision_id
    domain.work(slots.stop(acting_user=domain.alice, slot=staging))
    for _ in range(3):
        Revision.objects.update(
            released_at=F("released_at") - timedelta(hours=1), drain_deadline=F("drain_deadline") - timedelta(hours=1)
        )
        domain.retire()
    reconcile.run()
    assert domain.runtime.observe([stopped]) == []
    assert {status.revision_id for status in domain.runtime.observe()} == {production.live_revision_id}


def complaints() -> list[str]:
    """The tests that the document names."""
    table = DOCUMENT.read_text().partition("<!-- complaints -->")[2].partition("<!-- /complaints -->")[0]
    return [re.fullmatch(r"\|.*\|.*\| `(.*)` \|", row)[1] for row in table.strip().splitlines()[2:]]


def test_there_are_fifteen_complaints_with_a_test_each() -> None:
    assert len(complaints()) == 15


@pytest.mark.parametrize("name", complaints())
def test_the_test_that_proves_it_exists(name: str) -> None:
    path, _, function = name.partition("::")
    found = [node.name for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.FunctionDef)]
    assert function in found
