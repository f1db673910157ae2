"""With auto swap a publication goes on into production, but never a failed one."""

import pytest

from sites.errors import SettingRefused, SlotBusy, SlotStopped
from sites.models import Revision, RevisionState, Slot, Swap
from sites.services import deployments, slots
from sites.services.rollback import offer_roll_back
from sites.services.settings import Entry
from tests.domain import Domain


@pytest.fixture
def auto(domain: Domain) -> tuple[Slot, Slot]:
    production, staging = domain.staged()
    slots.change_swap_settings(acting_user=domain.alice, slot=staging, is_auto_swapped=True)
    staging.refresh_from_db()
    return production, staging


def test_what_is_published_to_staging_serves_in_production(domain: Domain, auto: tuple[Slot, Slot]) -> None:
    operation = domain.publish(auto[1], "three")
    assert operation.state == "succeeded", operation.outcome
    assert "and swapped it into production" in operation.outcome
    assert domain.serves("contoso.localhost") == "three"
    assert domain.serves("contoso-staging.localhost") == "one"
    assert Swap.objects.get(operation=operation).target == auto[0]


def test_it_works_again_and_again(domain: Domain, auto: tuple[Slot, Slot]) -> None:
    for text in ("three", "four", "five"):
        auto[1].refresh_from_db()
        assert domain.publish(auto[1], text).state == "succeeded"
        assert domain.serves("contoso.localhost") == text


def test_a_failed_release_never_reaches_production(domain: Domain, auto: tuple[Slot, Slot]) -> None:
    domain.answer_everything("500")
    operation = domain.publish(auto[1], "three")
    assert operation.state == "failed"
    assert domain.serves("contoso.localhost") == "one"
    assert domain.serves("contoso-staging.localhost") == "two"


def test_a_publication_meanwhile_is_told_who_and_since_when(domain: Domain, auto: tuple[Slot, Slot]) -> None:
    values = {"acting_user": domain.alice, "author": "alice", "message": "three", "deployer": "Portal"}
    deployments.publish_zip(slot=auto[1], archive=domain.archive("three"), **values)
    for slot in auto:
        with pytest.raises(SlotBusy, match="held by the publication of alice since"):
            deployments.publish_zip(slot=slot, archive=domain.archive("four"), **values)


def test_it_can_be_rolled_back_like_any_swap(domain: Domain, auto: tuple[Slot, Slot]) -> None:
    domain.publish(auto[1], "three")
    offer = offer_roll_back(auto[0].site)
    assert offer is not None
    assert Revision.objects.filter(deployment__message="one", state__in=Revision.REUSABLE).exists()


def test_what_it_replaces_is_kept_warm_like_by_any_swap(domain: Domain, auto: tuple[Slot, Slot]) -> None:
    for slot in auto:
        domain.save(slot, Entry("MARK", slot.name, is_sticky=True))
    domain.publish(auto[1], "three")
    kept = Revision.objects.filter(state=RevisionState.RETAINED)
    assert [revision.deployment.message for revision in kept] == ["one"]
    assert not offer_roll_back(auto[0].site).is_instant, "staging never had 'three' under its own settings"


def test_production_itself_is_not_auto_swapped(domain: Domain) -> None:
    production, _staging = domain.staged()
    with pytest.raises(SettingRefused, match="a publication reaches production directly"):
        slots.change_swap_settings(acting_user=domain.alice, slot=production, is_auto_swapped=True)


def test_a_publication_that_could_not_be_swapped_says_that_auto_swap_is_on(
    domain: Domain, auto: tuple[Slot, Slot]
) -> None:
    domain.work(slots.stop(acting_user=domain.alice, slot=auto[0]))
    with pytest.raises(SlotStopped, match=r"'contoso' is stopped.*'contoso \(staging\)' has auto swap") as refusal:
        domain.publish(auto[1], "three")
    assert refusal.value.values["name"] == "contoso"
    assert domain.serves("contoso-staging.localhost") == "two"
