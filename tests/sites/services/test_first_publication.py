"""A first publication waits until its slot has been created, in place of being refused."""

import pytest

from sites.errors import SlotBusy
from sites.models import Deployment, Operation, Site, Slot, SlotHold, Step
from sites.services import operations, slots
from sites.services.sites import create_site
from tests.domain import Domain


@pytest.fixture
def creation(domain: Domain) -> Operation:
    return create_site(acting_user=domain.alice, subscription=domain.subscription, name="contoso")


def test_it_is_accepted_and_begins_when_the_creation_has_ended(domain: Domain, creation: Operation) -> None:
    publication = domain.ask_to_publish(Slot.objects.get(), "one")
    assert domain.look(publication).step == Step.QUEUED
    sentence = publication.steps.get().sentence
    assert sentence.startswith("'contoso' is still being created: ")
    assert set(SlotHold.objects.values_list("operation", flat=True)) == {creation.pk}
    assert domain.work(creation).state == "succeeded"
    assert domain.work(publication).state == "succeeded", publication.outcome
    assert domain.serves("contoso.localhost") == "one"
    assert not SlotHold.objects.exists()


def test_of_a_staging_slot_too(domain: Domain) -> None:
    site = domain.create()
    enabling = slots.enable_staged_publishing(acting_user=domain.alice, site=site)
    publication = domain.ask_to_publish(site.slots.get(name="staging"), "two")
    domain.work(enabling)
    assert domain.work(publication).state == "succeeded", publication.outcome
    assert domain.serves("contoso-staging.localhost") == "two"


def test_a_second_one_meanwhile_is_told_of_the_first(domain: Domain, creation: Operation) -> None:
    domain.ask_to_publish(Slot.objects.get(), "one")
    with pytest.raises(SlotBusy, match="held by the publication of alice"):
        domain.ask_to_publish(Slot.objects.get(), "two")
    with pytest.raises(SlotBusy, match="held by the creation of alice"):
        slots.scale(acting_user=domain.alice, slot=Slot.objects.get(), count=2)


def test_when_the_creation_fails_it_ends_with_it(domain: Domain, creation: Operation) -> None:
    publication = domain.ask_to_publish(Slot.objects.get(), "one")
    domain.look(publication)
    operations.cancel(acting_user=domain.alice, operation=creation)
    assert domain.work(creation).state == "cancelled"
    assert not Site.objects.exists()
    assert domain.work(publication).state == "failed"
    assert publication.outcome.startswith("The publication was not begun: 'contoso' was not created.")


def test_it_can_be_cancelled_while_it_waits(domain: Domain, creation: Operation) -> None:
    publication = domain.ask_to_publish(Slot.objects.get(), "one")
    operations.cancel(acting_user=domain.alice, operation=publication)
    assert domain.work(publication).state == "cancelled"
    assert Deployment.objects.get().state == "failed"
    assert domain.work(creation).state == "succeeded"
    assert domain.serves("contoso.localhost") == "placeholder"


def test_another_operation_that_is_quicker_goes_first(domain: Domain, creation: Operation) -> None:
    publication = domain.ask_to_publish(Slot.objects.get(), "one")
    domain.work(creation)
    scaling = slots.scale(acting_user=domain.alice, slot=Slot.objects.get(), count=2)
    assert domain.look(publication).step == Step.QUEUED
    assert domain.work(scaling).state == "succeeded"
    assert domain.work(publication).state == "succeeded", publication.outcome
    assert Slot.objects.get().instance_count == 2
