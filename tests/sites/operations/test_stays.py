"""Which revision a slot showed is written down with every change, and stays right when one is undone."""

from itertools import pairwise

from sites.models import Slot, Stay
from sites.services import slots
from sites.services.operations import cancel
from sites.services.swaps import request_swap
from tests.domain import Domain


def present() -> dict[int, int]:
    return dict(Stay.objects.filter(ended_at=None).values_list("slot_id", "revision_id"))


def shown() -> dict[int, int]:
    return dict(Slot.objects.exclude(live_revision=None).values_list("pk", "live_revision_id"))


def test_publications_swaps_and_their_way_back_are_stays_without_gaps(domain: Domain) -> None:
    production, staging = domain.staged()
    first, second = production.live_revision_id, staging.live_revision_id
    assert present() == shown()
    domain.swap(staging, production)
    domain.roll_back(production.site)
    stays = list(Stay.objects.filter(slot=production).order_by("pk"))
    assert [stay.revision_id for stay in stays[-3:]] == [first, second, first]
    assert all(one.ended_at == other.began_at for one, other in pairwise(stays))
    assert present() == shown()


def test_a_preview_is_a_stay_of_what_is_shown_and_ends_with_it(domain: Domain) -> None:
    production, staging = domain.marked()
    own = staging.live_revision_id
    operation = request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)
    domain.look(operation)
    assert present() == shown()
    assert present()[staging.pk] != own
    cancel(acting_user=domain.alice, operation=operation)
    domain.work(operation)
    assert present() == shown()
    assert present()[staging.pk] == own


def test_a_slot_that_is_stopped_or_deleted_shows_nothing(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.work(slots.stop(acting_user=domain.alice, slot=production))
    assert present() == shown() == {staging.pk: staging.live_revision_id}
    domain.work(slots.start(acting_user=domain.alice, slot=production))
    assert set(present()) == {production.pk, staging.pk}
    domain.work(slots.delete_staging(acting_user=domain.alice, slot=staging))
    assert set(present()) == {production.pk}
    assert present() == shown()
