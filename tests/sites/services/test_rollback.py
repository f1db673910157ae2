"""Rolling back returns to exactly what was served before, or to staging as it is now."""

import pytest

from sites.errors import NothingToRollBack
from sites.models import Category, Operation, Revision, RevisionState, SlotHold
from sites.services import operations, requests
from sites.services.rollback import offer_roll_back, request_roll_back
from sites.services.settings import Entry, read_settings
from tests.domain import Domain


def test_the_rolled_back_version_is_in_staging_with_its_settings(domain: Domain) -> None:
    production, staging = domain.swapped()
    domain.roll_back(production.site)
    staging.refresh_from_db()
    assert domain.serves("contoso-staging.localhost") == "two"
    assert domain.revision_behind("contoso-staging.localhost").runnable["env"]["MARK"] == "staging"
    assert domain.publish(staging, "two, mended").state == "succeeded"


def test_what_was_altered_since_is_told_with_person_and_time(domain: Domain) -> None:
    production, staging = domain.swapped()
    assert not offer_roll_back(production.site).is_altered
    domain.publish(staging, "one, changed")
    offer = offer_roll_back(production.site)
    assert offer.is_altered
    assert [(one.kind, one.actor_name) for one in offer.alterations] == [("publish", "alice")]


def test_staging_as_it_is_now_can_be_chosen(domain: Domain) -> None:
    production, staging = domain.swapped()
    domain.publish(staging, "one, changed")
    operation = domain.roll_back(production.site)
    assert domain.serves("contoso.localhost") == "one, changed"
    assert operation.outcome.endswith(": 'contoso' serves 'one, changed' and 'contoso (staging)' serves 'two'.")


def test_the_unaltered_version_can_be_chosen_and_the_altered_one_stays_in_the_history(domain: Domain) -> None:
    production, staging = domain.swapped()
    domain.publish(staging, "one, changed")
    staging.refresh_from_db()
    domain.save(staging, Entry("MARK", "staging", is_sticky=True), Entry("COLOUR", "red"))
    operation = domain.roll_back(production.site, to_unaltered=True)
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "one"
    assert "COLOUR" not in domain.revision_behind("contoso.localhost").runnable["env"]
    assert operation.outcome.endswith("Set back to what they were: COLOUR.")
    production.refresh_from_db()
    history = production.workload.deployments.values_list("message", flat=True)
    assert "one, changed" in history


def test_a_name_made_sticky_since_keeps_the_slots_value(domain: Domain) -> None:
    production, staging = domain.staged()
    for slot, colour in ((production, "blue"), (staging, "green")):
        domain.save(slot, Entry("COLOUR", colour))
    domain.swap(staging, production)
    staging.refresh_from_db()
    domain.save(staging, Entry("COLOUR", "red", is_sticky=True))
    assert domain.roll_back(production.site, to_unaltered=True).state == "succeeded"
    production.refresh_from_db()
    entries = read_settings(production, Category.APP_SETTINGS)
    assert entries == [Entry("COLOUR", "green", is_sticky=True)]
    assert domain.revision_behind("contoso.localhost").runnable["env"]["COLOUR"] == "green"


@pytest.mark.parametrize("is_in_staging", [True, False])
def test_a_name_that_travels_since_has_the_value_that_production_has_for_it(
    domain: Domain, is_in_staging: bool
) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("MARK", "p", is_sticky=True))
    if is_in_staging:
        domain.save(staging, Entry("MARK", "s", is_sticky=True))
    domain.swap(staging, production)
    production.refresh_from_db()
    domain.save(production, Entry("MARK", "p"))
    offer = offer_roll_back(production.site)
    assert (offer.is_altered, offer.is_unaltered_instant) == (True, True)
    assert domain.roll_back(production.site, to_unaltered=True).state == "succeeded"
    production.refresh_from_db()
    assert read_settings(production, Category.APP_SETTINGS) == [Entry("MARK", "p")]
    assert domain.revision_behind("contoso.localhost").runnable["env"]["MARK"] == "p"


def test_a_failed_roll_back_gives_the_altered_settings_back(domain: Domain) -> None:
    production, staging = domain.swapped()
    domain.save(staging, Entry("MARK", "staging", is_sticky=True), Entry("COLOUR", "red"))
    Revision.objects.filter(state=RevisionState.RETAINED).update(state=RevisionState.STOPPED)
    operation = request_roll_back(acting_user=domain.alice, site=production.site, to_unaltered=True)
    domain.answer_everything("500")
    assert domain.work(operation).state == "failed"
    staging.refresh_from_db()
    assert staging.workload.settings.get(name="COLOUR").value == "red"
    assert domain.serves("contoso.localhost") == "two"


def test_settings_that_were_all_removed_are_removed_again_after_a_failed_roll_back(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("COLOUR", "red"))
    domain.swap(staging, production)
    staging.refresh_from_db()
    domain.save(staging)
    operation = request_roll_back(acting_user=domain.alice, site=production.site, to_unaltered=True)
    assert staging.workload.settings.get(name="COLOUR").value == "red"
    operations.cancel(acting_user=domain.alice, operation=operation)
    assert domain.work(operation).state == "cancelled"
    assert not staging.workload.settings.exists()
    operation = domain.roll_back(production.site, to_unaltered=True)
    assert operation.outcome.endswith("Set back to what they were: COLOUR.")


def test_a_swap_that_comes_in_between_is_not_rolled_back_in_place_of_the_one_that_was_meant(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = domain.swapped()
    begin = requests.begin

    def be_late(*kind: object, **values: object) -> Operation:
        monkeypatch.setattr(requests, "begin", begin)
        domain.swap(staging, production)
        return begin(*kind, **values)

    monkeypatch.setattr(requests, "begin", be_late)
    with pytest.raises(NothingToRollBack, match="another one was made just now"):
        request_roll_back(acting_user=domain.alice, site=production.site)
    assert not SlotHold.objects.exists()


def test_there_is_one_candidate_and_a_roll_back_uses_it_up(domain: Domain) -> None:
    production, _staging = domain.swapped()
    domain.roll_back(production.site)
    assert offer_roll_back(production.site) is None
    with pytest.raises(NothingToRollBack, match="the last one has been rolled back"):
        request_roll_back(acting_user=domain.alice, site=production.site)
    assert not Revision.objects.filter(state=RevisionState.RETAINED).exists()


def test_without_a_swap_there_is_nothing_to_roll_back(domain: Domain) -> None:
    production, _staging = domain.staged()
    assert offer_roll_back(production.site) is None


def test_production_that_had_no_content_is_without_content_again(domain: Domain) -> None:
    site = domain.create()
    staging = domain.enable(site)
    domain.publish(staging, "one")
    production = site.slots.get(is_production=True)
    staging.refresh_from_db()
    domain.swap(staging, production)
    domain.publish(staging, "changed")
    operation = domain.roll_back(production.site, to_unaltered=True)
    assert operation.state == "succeeded", operation.outcome
    production.refresh_from_db()
    assert domain.serves("contoso.localhost") == "placeholder"
    assert production.workload.active_deployment is None


def test_what_was_published_twice_is_not_altered(domain: Domain) -> None:
    production, staging = domain.staged()
    first = production.workload.active_deployment_id
    assert domain.publish(production, "one").state == "succeeded"
    production.refresh_from_db()
    assert production.workload.active_deployment_id != first
    assert production.live_revision.deployment_id == production.workload.active_deployment_id, "it runs, so it is used"
    domain.swap(staging, production)
    offer = offer_roll_back(production.site)
    assert (offer.is_altered, offer.alterations) == (False, ())
    assert domain.publish(staging, "one").state == "succeeded"
    assert not offer_roll_back(production.site).is_altered, "the same once more"
    assert domain.publish(staging, "other").state == "succeeded"
    assert offer_roll_back(production.site).is_altered
