"""What a worker knows of the time, however long its claim took."""

from datetime import timedelta

import pytest

from sites.operations import claims
from sites.services import swaps
from tests.domain import Domain


def test_a_worker_that_waited_for_its_claim_knows_how_late_it_is(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = domain.staged()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    taken = claims.take(operation.pk, operation.attempt, claims.new_claim())
    assert taken is not None
    read_at, known_at = taken.read_at, taken.known_at  # type: ignore[attr-defined]
    monkeypatch.setattr(claims.time, "monotonic", lambda: known_at + 3.0)
    assert claims.moment_of(taken) == read_at + timedelta(seconds=3)
