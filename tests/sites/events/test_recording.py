"""Which events there are of what people and programs do, and in which order they are read."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from sites.events import order, recording
from sites.events.types import CHOSEN, TEST, TYPES
from sites.models import Event, Slot
from sites.services import sites, slots, swaps
from tests.domain import Domain
from tests.sites.told import names


def newest() -> Event:
    return Event.objects.latest("pk")


def test_each_operation_that_ends_is_told_with_its_sentence(domain: Domain) -> None:
    production, staging = domain.staged()
    assert names() == ["operation.succeeded", "operation.succeeded", *["publication.succeeded"] * 2]
    operation = domain.swap(staging, production)
    event = newest()
    assert (event.type, event.subject, event.sentence) == ("swap.succeeded", operation.target, operation.outcome)
    assert (event.site, event.subscription) == (production.site, domain.subscription)
    assert event.data == {
        "site": "contoso",
        "operation": str(operation.public_id),
        "operation_kind": "swap",
        "slots": ["production", "staging"],
        "actor": "alice",
        "code": "",
        "seconds": event.data["seconds"],
    }
    domain.roll_back(production.site)
    assert newest().type == "roll_back.succeeded"


def test_a_preview_that_waits_is_told_and_so_is_its_end(domain: Domain) -> None:
    production, staging = domain.staged()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)
    while operation.state != "waiting":
        domain.look(operation)
    assert newest().type == "preview.waiting" and "complete or cancel" in newest().sentence
    domain.work(swaps.complete_swap(acting_user=domain.alice, operation=operation))
    assert names()[-2:] == ["preview.waiting", "swap.succeeded"]


def test_auto_swap_is_a_publication_and_a_swap(domain: Domain) -> None:
    _, staging = domain.staged()
    slots.change_swap_settings(acting_user=domain.alice, slot=staging, is_auto_swapped=True)
    domain.publish(Slot.objects.get(pk=staging.pk), "three")
    assert names()[-2:] == ["publication.succeeded", "swap.succeeded"]


def test_a_failure_is_told_with_its_code_and_without_lines_of_a_log(domain: Domain) -> None:
    _, staging = domain.staged()
    domain.answer_everything("500")
    operation = domain.publish(staging, "broken")
    event = newest()
    assert (event.type, event.data["code"]) == ("publication.failed", operation.error_code)
    assert event.sentence == operation.outcome.partition("\n")[0]


def test_a_site_that_could_not_be_created_is_told_without_it(domain: Domain) -> None:
    domain.answer_everything("500")
    asked = sites.create_site(acting_user=domain.alice, subscription=domain.subscription, name="fabrikam")
    assert domain.work(asked).state == "failed"
    event = newest()
    assert (event.type, event.site, event.subject) == ("operation.failed", None, "fabrikam")


def test_recording_takes_one_query_and_nothing_of_it_stays_without_its_change(domain: Domain) -> None:
    domain.create()
    count = Event.objects.count()
    with CaptureQueriesContext(connection) as caught, transaction.atomic():
        recording.record(
            [TYPES["swap.failed"]], subscription=domain.subscription, site=None, subject="x", sentence="A\nB", data={}
        )
        transaction.set_rollback(True)
    assert len([one for one in caught if "INSERT" in one["sql"]]) == 1
    assert Event.objects.count() == count


def test_numbers_grow_and_never_come_again(domain: Domain) -> None:
    domain.create()
    assert not Event.objects.filter(number__isnull=False).exists() and order.is_needed()
    assert order.hand_on() == 1 and not order.is_needed()
    first = Event.objects.get().number
    Event.objects.all().delete()
    domain.enable(domain.create("fabrikam"))
    assert order.hand_on() == 2 and order.hand_on() == 0
    numbers = list(Event.objects.order_by("pk").values_list("number", flat=True))
    assert first < numbers[0] < numbers[1]


@pytest.mark.parametrize("one", TYPES.values(), ids=lambda one: one.name)
def test_each_type_says_when_it_is_sent(one: object) -> None:
    assert one.said.endswith(".") and one.title and one.name == one.name.lower()
    assert (one.name in CHOSEN) is (one is not TEST)
