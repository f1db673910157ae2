"""Routers are offered instances where they are now."""

from sites.models import Instance
from sites.operations.kinds.swap import SWAP
from sites.operations.procedure import Progress
from sites.operations.steps import offer, prepare, start
from sites.operations.turn import Turn
from sites.services import swaps
from tests.domain import Domain


def test_a_worker_that_has_not_seen_the_instances_asks_where_they_are(domain: Domain) -> None:
    production, staging = domain.marked()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    first = Turn(operation, SWAP, operation.created_at)
    prepare.prepare(first)
    assert start.start(first).is_done
    revisions = [change.prepared.pk for change in first.changes]
    Instance.objects.filter(revision__in=revisions).update(address="10.9.9.9")  # as before a restart of the machine
    domain.runtime.never_listen(revisions[0], 0)
    assert offer.wait(Turn(operation, SWAP, operation.created_at)) == Progress(False, "1 of 2 instances running")
    domain.runtime.recover()
    assert offer.wait(Turn(operation, SWAP, operation.created_at)).is_done
    known = Instance.objects.filter(revision__in=revisions)
    assert {row.address for row in known} == {status.address for status in domain.runtime.observe(revisions)}
