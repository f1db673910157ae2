"""Maintenance of a slot: visitors get its page, whatever happens behind it."""

import pytest

from sites.errors import NotAllowed, NotFound, SettingRefused
from sites.models import Operation, Site, Slot
from sites.router.table import MAX_PAGE_BYTES, Maintenance
from sites.services import maintenance
from tests.domain import Domain

PRODUCTION, STAGING = "contoso.localhost", "contoso-staging.localhost"


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    """Production and staging."""
    return domain.staged()


def set_(domain: Domain, slot: Slot, **values: object) -> Operation:
    record = maintenance.set_maintenance(acting_user=domain.alice, slot=slot, **values)  # type: ignore[arg-type]
    site = Site.objects.get(pk=slot.site_id)
    domain.router.publish(site.pk, site.routes_version)  # as the routers' own look does
    return record


def shown(domain: Domain, host: str) -> Maintenance | None:
    return domain.router.answer(host).maintenance


def test_visitors_get_the_page_in_one_step_and_the_content_again_in_another(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    production, _ = slots
    before = domain.router.answer(PRODUCTION)
    record = set_(domain, production, is_on=True, html="<h1>Back soon</h1>", retry_after_seconds=60)
    assert record.outcome == "Visitors of 'contoso' get its maintenance page."
    assert shown(domain, PRODUCTION) == Maintenance("<h1>Back soon</h1>", 60)
    assert shown(domain, STAGING) is None
    assert domain.router.answer("contoso.scm.localhost").maintenance is None
    assert set_(domain, production, is_on=False).outcome == "'contoso' is open to visitors again."
    assert domain.router.answer(PRODUCTION) == before
    assert maintenance.page_of(production).html == "<h1>Back soon</h1>"


def test_the_page_and_the_switch_stay_with_their_slot_and_a_swap_goes_on_behind_them(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    production, staging = slots
    set_(domain, production, is_on=True, html="production's")
    set_(domain, staging, html="staging's")
    assert domain.swap(staging, production).state == "succeeded"
    assert shown(domain, PRODUCTION) == Maintenance("production's", 300)
    assert shown(domain, STAGING) is None
    set_(domain, production, is_on=False)
    assert (domain.serves(PRODUCTION), domain.serves(STAGING)) == ("two", "one")
    assert maintenance.page_of(staging).html == "staging's"


def test_a_slot_that_is_stopped_shows_the_page_all_the_same(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, _ = slots
    Slot.objects.filter(pk=production.pk).update(is_running=False, live_revision=None)
    set_(domain, production, is_on=True)
    assert shown(domain, PRODUCTION) == Maintenance("", 300)


def test_what_cannot_be_shown_is_refused_and_nothing_is_saved(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, _ = slots
    set_(domain, production, html="é" * (MAX_PAGE_BYTES // 2))
    refused: list[dict[str, object]] = [
        {"html": "é" * (MAX_PAGE_BYTES // 2) + "x"},
        {"html": "a\0b"},
        {"retry_after_seconds": 0},
        {"retry_after_seconds": maintenance.LONGEST_SECONDS + 1},
    ]
    for values in refused:
        with pytest.raises(SettingRefused, match="nothing was saved"):
            set_(domain, production, is_on=True, **values)
    assert not Slot.objects.filter(is_in_maintenance=True).exists()


def test_only_those_who_may_change_the_site_switch_it(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    for user, refusal in ((domain.bob, NotAllowed), (domain.charlie, NotFound)):
        with pytest.raises(refusal):
            maintenance.set_maintenance(acting_user=user, slot=slots[0], is_on=True)
