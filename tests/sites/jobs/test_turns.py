"""One worker has the turn; it comes back also from a worker that has died."""

from datetime import timedelta

import pytest

from sites.jobs.turns import turn
from sites.models import PeriodicJob
from sites.models.clock import now


def test_one_worker_has_the_turn(db: None) -> None:
    with turn("orders", seconds=60) as first:
        with turn("orders", seconds=60) as second, turn("others", seconds=60) as others:
            assert (first, second, others) == (True, False, True)
        with turn("orders", seconds=60) as third:
            assert third is False, "whoever had no turn gives none back"
    with turn("orders", seconds=60) as again:
        assert again is True


def test_a_turn_is_given_back_also_by_an_exception_and_by_nobody(db: None) -> None:
    with pytest.raises(ValueError), turn("orders", seconds=60):
        raise ValueError
    with turn("orders", seconds=60):
        PeriodicJob.objects.update(due_at=now() - timedelta(seconds=1))
        with turn("orders", seconds=60) as second:
            assert second is True
