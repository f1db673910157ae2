"""The sample web site."""

from sites.models import Slot
from sites.services import custom_sites
from tests.domain import Domain


def test_the_sample_comes_with_a_version_in_each_slot_and_two_instances(domain: Domain) -> None:
    operation = custom_sites.create_sample_site(acting_user=domain.alice, subscription=domain.subscription)
    assert domain.work(operation).state == "succeeded", operation.outcome
    assert domain.serves("hello.localhost") == "Version 1 of the sample"
    assert domain.serves("hello-staging.localhost") == "Version 2 of the sample"
    for slot in Slot.objects.all():
        assert slot.instance_count == 2
        assert len(domain.runtime.observe([slot.live_revision_id])) == 2
    again = custom_sites.create_sample_site(acting_user=domain.alice, subscription=domain.subscription)
    assert again.target == "hello-2"
