"""Of former deployments the newest keep their content, and so does all that a slot or a roll-back needs."""

import pytest
from django.conf import LazySettings

from sites import kept_deployments
from sites.disk.use import Use
from sites.jobs import tidy
from sites.models import Deployment, Site
from sites.services import deployments
from tests.domain import Domain


@pytest.fixture(autouse=True)
def _few_are_kept(settings: LazySettings) -> None:
    settings.KEPT_DEPLOYMENTS = 2


def superseded(domain: Domain, site: Site) -> set[str]:
    domain.settle()
    return {row.message for row in kept_deployments.superseded(site)}


def test_the_newest_of_each_slot_stay(domain: Domain) -> None:
    production, staging = domain.staged()
    for text in ("three", "four", "five"):
        domain.publish(production, text)
    assert superseded(domain, production.site) == {"one", "three"}
    assert {row.message for row in kept_deployments.needed(production.site)} == {"five", "two"}
    domain.publish(staging, "six")
    assert superseded(domain, production.site) == {"one", "three"}


def test_what_the_last_swap_brought_away_stays(domain: Domain, settings: LazySettings) -> None:
    settings.KEPT_DEPLOYMENTS = 0
    production, staging = domain.staged()
    domain.swap(staging, production)
    staging.refresh_from_db()
    domain.publish(staging, "three")
    assert superseded(domain, production.site) == set(), "a roll-back may bring 'one' back"
    domain.retire()
    operation = domain.roll_back(production.site, to_unaltered=True)
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "one"


def test_what_is_being_published_stays_and_what_failed_goes(domain: Domain, settings: LazySettings) -> None:
    settings.KEPT_DEPLOYMENTS = 5
    production = domain.create().slots.get()
    operation = deployments.publish_zip(
        acting_user=domain.alice,
        author="alice",
        slot=production,
        archive=domain.archive("one"),
        message="one",
        deployer="Portal",
    )
    assert superseded(domain, production.site) == set()
    domain.answer_everything("503")
    assert domain.work(operation).state == "failed"
    assert superseded(domain, production.site) == {"one"}


def test_above_the_quota_the_oldest_go_first(domain: Domain, settings: LazySettings) -> None:
    settings.KEPT_DEPLOYMENTS = 10
    production = domain.create().slots.get()
    for text in ("one", "two", "three", "four"):
        domain.publish(production, text)
    Deployment.objects.update(content_bytes=100)
    settings.SITE_CONTENT_BYTES = 300
    assert superseded(domain, production.site) == {"one"}
    settings.SITE_CONTENT_BYTES = 50
    assert superseded(domain, production.site) == {"one", "two", "three"}


def test_a_content_that_several_name_counts_once(domain: Domain) -> None:
    production = domain.create().slots.get()
    for _ in range(2):
        domain.publish(production, "same")
    rows = kept_deployments.stored(production.site)
    assert len(rows) == 2
    assert kept_deployments.use_of(rows) == Use(len("same"), 1)


def test_what_was_superseded_is_gone_from_disk_and_stays_in_the_history(domain: Domain) -> None:
    production = domain.create().slots.get()
    for text in ("one", "two", "three"):
        domain.publish(production, text)
    domain.settle()
    tidy.supersede(production.site)
    assert {row.message for row in kept_deployments.stored(production.site)} == {"two", "three"}
    assert production.workload.deployments.count() == 3
