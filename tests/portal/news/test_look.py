"""One look finds what has changed, for whoever may see it, however many pages are open."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal import workers
from portal.news import look as module
from portal.news.instances import Instances
from portal.news.look import Look
from portal.news.told import Told, told
from sites.models import Instance, Membership, Operation, Rest, Revision, Site, SiteMember
from sites.models.clock import now
from sites.services import one_off_commands, sites, slots
from tests.domain import Domain

MAX_QUERIES = 6
"""Operations, their open steps, sums of instances and revisions; where something has changed, members of both kinds."""


@pytest.fixture
def look(contoso: Site, monkeypatch: pytest.MonkeyPatch) -> Look:
    """One that has looked once; also at the instances each time."""
    monkeypatch.setattr("portal.news.instances.EVERY_SECONDS", 0.0)
    told.take()
    found = Look()
    assert found() == {}, "the first look only remembers"
    return found


def test_nothing_has_changed_costs_three_queries(
    look: Look, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(3):
        assert look() == {}
    assert not look.is_busy


def test_an_operation_is_news_for_its_person_and_for_everybody_who_may_see_its_site(
    look: Look, domain: Domain, contoso: Site, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    operation = slots.restart(acting_user=domain.alice, slot=contoso.slots.get(name="staging"))
    with django_assert_max_num_queries(MAX_QUERIES):
        found = look()
    assert found.keys() == {domain.alice.pk, domain.bob.pk} and look.is_busy
    alice, bob = found[domain.alice.pk], found[domain.bob.pk]
    assert alice.sites == bob.sites == {"contoso"} and alice.is_state and not alice.is_list
    assert alice.is_mine and not bob.is_mine
    assert look() == {}
    domain.work(operation)
    assert look()[domain.bob.pk].is_state
    assert look() == {} and not look.is_busy


def test_whose_role_has_ended_hears_no_more(look: Look, domain: Domain, contoso: Site) -> None:
    Membership.objects.filter(user=domain.bob).delete()
    slots.restart(acting_user=domain.alice, slot=contoso.slots.get(name="staging"))
    assert look().keys() == {domain.alice.pk}


def test_a_step_is_no_news_for_a_list(look: Look, domain: Domain, contoso: Site) -> None:
    operation = slots.restart(acting_user=domain.alice, slot=contoso.slots.get(name="staging"))
    look()
    Operation.objects.filter(pk=operation.pk).update(step="warming")
    news = look()[domain.bob.pk]
    assert news.sites == {"contoso"} and not news.is_state


def test_the_end_of_a_recorded_command_is_news_however_long_it_took(
    look: Look, domain: Domain, contoso: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLING_SECONDS", 0.0)
    slot = contoso.slots.get(name="staging")
    one_off_commands.run(acting_user=domain.alice, slot=slot, line="ls")
    record = Operation.objects.latest("pk")
    assert record.goes_on and look()[domain.alice.pk].is_mine
    assert look() == {}
    Operation.objects.filter(pk=record.pk).update(ended_at=now())
    assert look()[domain.alice.pk].is_state


def test_what_began_and_ended_between_two_looks_is_found(look: Look, domain: Domain) -> None:
    domain.create("fabrikam")
    news = look()[domain.bob.pk]
    assert news.sites == {"fabrikam"} and news.is_state and news.is_list


def test_a_deletion_is_news_also_for_whom_the_role_went_with_the_site(
    look: Look, domain: Domain, contoso: Site
) -> None:
    SiteMember.objects.create(site=contoso, user=domain.charlie)
    operation = sites.delete_site(acting_user=domain.alice, site=contoso, typed_name="contoso")
    assert look()[domain.charlie.pk].sites == {"contoso"}
    Site.objects.filter(pk=contoso.pk).delete()
    Operation.objects.filter(pk=operation.pk).update(state="succeeded")
    found = look()
    for user in (domain.alice, domain.charlie):
        assert found[user.pk].sites == {"contoso"} and found[user.pk].is_list


def test_an_instance_that_fails_is_news_also_for_a_list(look: Look, domain: Domain) -> None:
    first, second = Instance.objects.order_by("pk")[:2]
    Instance.objects.filter(pk=first.pk).update(restarts=3)
    assert not look()[domain.bob.pk].is_state
    Instance.objects.filter(pk=second.pk).update(is_failing=True, exit_code=1)
    assert look()[domain.bob.pk].is_state
    second.delete()
    assert look()[domain.bob.pk].sites == {"contoso"}
    assert look() == {}


def test_a_slot_that_is_unloaded_and_woken_is_news_also_for_a_list(look: Look, domain: Domain) -> None:
    revision = Revision.objects.exclude(live_slots=None).first()
    for rest in (Rest.UNLOADED, Rest.LOADING, Rest.LOADED):
        Revision.objects.filter(pk=revision.pk).update(rest=rest)
        assert look()[domain.bob.pk].is_state, rest
        assert look() == {}


def test_instances_are_not_looked_at_each_time(
    contoso: Site, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    instances = Instances()
    instances.changes()
    with django_assert_num_queries(0):
        assert instances.changes() == []


def test_a_worker_that_is_away_is_news_while_there_is_work(
    look: Look, domain: Domain, contoso: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WORKERS_EVERY", 0.0)
    slots.restart(acting_user=domain.alice, slot=contoso.slots.get(name="staging"))
    look()
    monkeypatch.setattr(workers, "has_worker", lambda queue: queue != "control")
    assert look()[domain.alice.pk].is_mine
    assert look() == {}


def test_what_leaves_no_operation_is_told_by_the_request_that_changed_it(
    look: Look, domain: Domain, alice: Client, contoso: Site
) -> None:
    operation = Operation.objects.latest("pk")
    assert alice.post(f"/operations/{operation.public_id}/dismiss/").status_code == 303
    assert look()[domain.alice.pk].is_mine
    alice.post("/sites/contoso/staging/deployments/branches/", {"branches": "main"})
    assert look()[domain.bob.pk].sites == {"contoso"}
    alice.get("/sites/")
    assert alice.post("/sites/nowhere/staging/restart/").status_code == 404
    assert look() == {}, "neither a look nor a refusal changes anything"


def test_what_is_told_while_nobody_listens_is_bounded() -> None:
    tidings = Told()
    for number in range(5000):
        tidings.tell(f"site{number}", None)
    assert len(tidings.take()) == 1000
