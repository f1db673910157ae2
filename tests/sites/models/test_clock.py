"""Moments are written and measured by the database's clock, whatever this machine's says."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from portal.notifications import is_counting
from portal.templatetags.operations import seconds
from portal.templatetags.tree import age
from sites.models import DeletedSlot, Deployment, Operation, OperationStep, clock
from sites.models.clock import now, reckoned
from sites.operations.wording import took
from sites.services.restore import why_not_restore
from sites.services.slots import delete_staging
from tests.domain import Domain

WRONG = timedelta(hours=3)


@pytest.fixture(params=[-1, 1], ids=["behind", "ahead"])
def wrong_clock(request: pytest.FixtureRequest, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine's clock is hours away from the database's, and a new connection is made."""
    right = timezone.now
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: right() + request.param * WRONG)
        clock.compare(connection=connection)
        yield
    clock.compare(connection=connection)


def is_present(moment: datetime) -> bool:
    return abs(now() - moment) < timedelta(minutes=1)


def test_what_a_request_writes_has_the_databases_time(wrong_clock: None, domain: Domain) -> None:
    production, staging = domain.staged()
    operation = domain.swap(staging, production)
    assert is_present(operation.created_at) and is_present(operation.ended_at)
    assert float(took(operation).removesuffix(" s")) < 60
    assert all(is_present(one.received_at) for one in Deployment.objects.all())
    assert is_present(reckoned())


def test_pages_reckon_by_it(wrong_clock: None, domain: Domain) -> None:
    production, staging = domain.staged()
    operation = domain.swap(staging, production)
    assert is_counting(operation), "the routers may still tell its figures"
    Operation.objects.filter(pk=operation.pk).update(ended_at=now() - timedelta(hours=1))
    operation.refresh_from_db()
    assert not is_counting(operation)
    assert age(now() - timedelta(minutes=5, seconds=5)) == "5 min ago"
    step = OperationStep(started_at=now() - timedelta(minutes=2, seconds=3))
    assert seconds(step).startswith("2 min")


def test_what_was_deleted_can_be_restored_as_long_as_the_database_says(wrong_clock: None, domain: Domain) -> None:
    _, staging = domain.staged()
    deletion = domain.work(delete_staging(acting_user=domain.alice, slot=staging))
    DeletedSlot.objects.update(expires_at=now() + timedelta(minutes=5))
    assert why_not_restore(deletion) is None
    DeletedSlot.objects.update(expires_at=now() - timedelta(minutes=5))
    assert why_not_restore(deletion) is not None
