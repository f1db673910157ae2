"""Events are sent to their targets: signed, tried again, given up, and never for somebody who has left."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from sites.errors import NotFound, TargetLimit
from sites.events.types import CHOSEN
from sites.jobs import deliveries, old_events
from sites.jobs.deliveries import FIRST_WAIT, LONGEST_WAIT, MAX_ATTEMPTS, PATIENCE
from sites.jobs.turns import turn
from sites.models import Delivery, Event, EventTarget, Membership, Operation, Role, SiteMember, Subscription
from sites.models.clock import now
from sites.outgoing.request import Answer, Destination
from sites.publishing import webhooks as receiving
from sites.services import event_targets
from tests.domain import Domain
from tests.fakes.receiver import Receiver, receiver
from tests.sites.told import make_due, names, send_due, target_of


@pytest.fixture
def told(domain: Domain, settings: Settings) -> Iterator[Receiver]:
    with receiver() as one:
        settings.WEBHOOK_HOSTS = [one.authority]
        yield one


def test_a_target_is_told_once_with_a_signature_that_holds(domain: Domain, told: Receiver) -> None:
    target = target_of(domain, told)
    domain.create()
    assert not deliveries.is_needed()
    deliveries.hand_on()
    assert deliveries.is_needed()
    deliveries.run()
    send_due()
    (request,) = told.received
    assert request.path == "/hook" and request.headers["content-type"] == "application/cloudevents+json"
    assert json.loads(request.body)["type"] == "greenroom.operation.succeeded"
    given = {name.title(): value for name, value in request.headers.items()}
    receiving.ensure_signed(given, request.body, str(target.secret))
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status, delivery.answer) == ("succeeded", 1, 200, "thank you")
    assert request.headers["webhook-id"] == str(delivery.event.public_id)


def test_only_what_was_chosen_and_only_of_that_site_is_sent(domain: Domain, told: Receiver) -> None:
    contoso = domain.create()
    deliveries.hand_on()
    target_of(domain, told, title="swaps", types=["swap.succeeded"], path="/swaps")
    target_of(domain, told, title="contoso", site=contoso, path="/contoso")
    domain.enable(contoso)
    domain.create("fabrikam")
    send_due()
    assert [one.path for one in told.received] == ["/contoso"]


def test_what_is_not_taken_is_tried_again_with_the_same_id_and_growing_pauses(domain: Domain, told: Receiver) -> None:
    target = target_of(domain, told)
    told.answers = [(500, "no"), (503, "\x1b[31mno"), (204, "")]
    domain.create()
    for attempt, status in enumerate((500, 503), start=1):
        make_due()
        send_due()
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.attempts, delivery.status) == ("pending", attempt, status)
        assert delivery.due_at - delivery.tried_at == timedelta(seconds=FIRST_WAIT * 2 ** (attempt - 1))
        target.refresh_from_db()
        assert target.failing_since is not None
    assert delivery.answer == "no" and delivery.fault == "the answer was 503."
    make_due()
    send_due()
    target.refresh_from_db()
    assert Delivery.objects.get().state == "succeeded" and target.failing_since is None
    assert len({one.headers["webhook-id"] for one in told.received}) == 1


def test_after_about_a_day_it_is_given_up_and_can_be_sent_once_more(domain: Domain, told: Receiver) -> None:
    waits = [deliveries._wait(attempt, None) for attempt in range(1, MAX_ATTEMPTS)]
    assert timedelta(hours=23) < timedelta(seconds=sum(waits)) < timedelta(hours=24)
    target_of(domain, told)
    told.answers = [(500, "")]
    domain.create()
    for _ in range(MAX_ATTEMPTS + 1):
        make_due()
        send_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, len(told.received)) == ("failed", MAX_ATTEMPTS, MAX_ATTEMPTS)
    told.answers = [(200, "")]
    event_targets.redeliver(acting_user=domain.alice, delivery=delivery)
    send_due()
    assert Delivery.objects.get().state == "succeeded"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), ("99999999", LONGEST_WAIT), ("9" * 400, LONGEST_WAIT), ("soon", FIRST_WAIT), ("-5", 10)],
    ids=["seconds", "days", "400 digits", "a word", "less than nothing"],
)
def test_a_receiver_can_ask_for_time_within_bounds(domain: Domain, told: Receiver, said: str, seconds: float) -> None:
    target_of(domain, told)
    told.answers, told.headers = [(429, "")], {"Retry-After": said}
    domain.create()
    send_due()
    delivery = Delivery.objects.get()
    assert delivery.due_at - delivery.tried_at == timedelta(seconds=seconds)


def test_a_target_that_says_it_is_gone_is_disabled_and_the_others_are_told(domain: Domain, told: Receiver) -> None:
    target = target_of(domain, told)
    told.answers = [(410, "")]
    domain.create()
    send_due()
    target.refresh_from_db()
    assert not target.is_enabled and "410" in target.disabled_because
    assert (Delivery.objects.get().state, names()[-1]) == ("failed", "target.disabled")
    record = Operation.objects.latest("pk")
    assert record.error_code == "TargetDisabled" and "'CI'" in record.outcome
    domain.create("fabrikam")
    send_due()
    assert len(told.received) == 1
    event_targets.change(acting_user=domain.alice, target=target, is_enabled=True)
    domain.create("northwind")
    told.answers = [(200, "")]
    send_due()
    assert len(told.received) == 2


def test_a_target_of_which_everything_fails_for_days_is_disabled(domain: Domain, told: Receiver) -> None:
    target = target_of(domain, told)
    told.answers = [(500, "")]
    EventTarget.objects.update(failing_since=now() - PATIENCE)
    domain.create()
    domain.create("fabrikam")
    send_due()
    target.refresh_from_db()
    assert not target.is_enabled
    assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}


def test_nobody_is_told_for_a_person_who_left(domain: Domain, told: Receiver) -> None:
    membership = Membership.objects.create(subscription=domain.subscription, user=domain.charlie, role=Role.CONTRIBUTOR)
    target = target_of(domain, told, user=domain.charlie, types=["operation.succeeded"])
    domain.create()
    deliveries.hand_on()
    membership.role = Role.READER
    membership.save()
    deliveries.run()
    assert not told.received
    target.refresh_from_db()
    assert not target.is_enabled and target.disabled_because.startswith("charlie may not change")
    event_targets.change(acting_user=domain.alice, target=target, is_enabled=True)
    domain.create("fabrikam")
    send_due()
    assert len(told.received) == 1 and EventTarget.objects.get().keeper == domain.alice


def test_a_target_elsewhere_that_hangs_keeps_no_other_subscription_waiting(
    domain: Domain, told: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Subscription.objects.create(name="Other")
    Membership.objects.create(subscription=other, user=domain.alice, role=Role.OWNER)
    with receiver() as dead:
        pass
    monkeypatch.setattr("django.conf.settings.WEBHOOK_HOSTS", ["127.0.0.1"])
    target_of(domain, dead, title="dead")
    quick = event_targets.create(
        acting_user=domain.alice, subscription=other, title="quick", url=told.url(), types=["target.disabled"]
    )
    for name in ("contoso", "fabrikam"):
        domain.create(name)
    for _ in range(3):
        event_targets.send_test(acting_user=domain.alice, target=quick)
    send_due()
    assert len(told.received) == 3
    tried = Delivery.objects.filter(target__title="dead").values_list("attempts", flat=True)
    assert sorted(tried) == [0, 1], "a target that takes nothing gets one in a turn"
    assert "does not take the connection" in Delivery.objects.get(target__title="dead", attempts=1).fault


@pytest.mark.parametrize("failing", ["_packed", "post", "_settle", "_settle _count"])
def test_what_one_target_brings_about_touches_no_other(
    domain: Domain, told: Receiver, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    odd = target_of(domain, told, title="odd", path="/odd")
    target_of(domain, told, title="even", path="/even")
    for name in failing.split():
        real = getattr(deliveries, name)

        def fail(about: object, *args: object, real: Callable = real, **options: object) -> object:
            delivery = getattr(about, "delivery", about)
            if getattr(delivery, "target_id", None) == odd.pk or getattr(about, "target", "") == "/odd":
                raise OverflowError("unforeseen")
            return real(about, *args, **options)

        monkeypatch.setattr(deliveries, name, fail)
    domain.create()
    domain.create("fabrikam")
    send_due()
    assert set(Delivery.objects.filter(target__title="even").values_list("state", flat=True)) == {"succeeded"}
    tried = Delivery.objects.filter(target=odd, attempts=1, fault=deliveries.UNFORESEEN, due_at__gt=now())
    assert tried.count() == (0 if failing == "_settle _count" else 1)
    assert Delivery.objects.filter(target=odd, state="pending").count() == 2


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_while_one_target_hangs_the_others_are_told_everything(
    domain: Domain, told: Receiver, monkeypatch: pytest.MonkeyPatch, is_elsewhere: bool
) -> None:
    monkeypatch.setattr(event_targets, "MAX_TESTS", 40)
    hanging = target_of(domain, told, title="hanging", path="/hanging")
    subscription = domain.subscription
    if is_elsewhere:
        subscription = Subscription.objects.create(name="Other")
        Membership.objects.create(subscription=subscription, user=domain.alice, role=Role.OWNER)
    else:
        EventTarget.objects.update(failing_since=now())
    quick = event_targets.create(
        acting_user=domain.alice, subscription=subscription, title="quick", url=told.url("/quick"), types=CHOSEN
    )
    event_targets.send_test(acting_user=domain.alice, target=hanging)
    for _ in range(30):
        event_targets.send_test(acting_user=domain.alice, target=quick)
    sent: list[str] = []
    is_over = asyncio.Event()

    async def post(to: Destination, *_: object, **__: object) -> Answer:
        if to.target == "/hanging":
            await asyncio.wait_for(is_over.wait(), 60)
        sent.append(to.target)
        if len(sent) == 30:
            is_over.set()
        return Answer(200, b"")

    monkeypatch.setattr(deliveries, "post", post)
    monkeypatch.setattr(deliveries, "QUICK_SECONDS", 60)
    send_due()
    assert sent == ["/quick"] * 30 + ["/hanging"]


def test_of_two_workers_one_sends(domain: Domain, told: Receiver) -> None:
    target_of(domain, told)
    domain.create()
    deliveries.hand_on()
    with turn(deliveries.TURN, seconds=60) as is_mine:
        assert is_mine and not deliveries.is_needed()
        deliveries.run()
        assert not told.received
    deliveries.run()
    assert len(told.received) == 1


def test_who_dies_in_a_turn_keeps_others_out_for_a_while_only(domain: Domain) -> None:
    with turn("x", seconds=-1) as first, turn("x", seconds=60) as second:
        assert first and second


def test_what_an_address_may_not_be_any_more_is_said_in_the_log(
    domain: Domain, told: Receiver, settings: Settings
) -> None:
    target_of(domain, told)
    domain.create()
    settings.WEBHOOK_HOSTS = []
    send_due()
    assert "begins with http://" in Delivery.objects.get().fault and not told.received


def test_a_test_goes_to_its_target_alone_and_is_no_event_for_others(domain: Domain, told: Receiver) -> None:
    target = target_of(domain, told, types=["swap.failed"])
    target_of(domain, told, title="other", path="/other")
    event_targets.send_test(acting_user=domain.alice, target=target)
    send_due()
    assert [one.path for one in told.received] == ["/hook"]
    assert json.loads(told.received[0].body)["type"] == "greenroom.test"


def test_old_events_and_what_is_beyond_the_number_go_with_their_deliveries(
    domain: Domain, told: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    target_of(domain, told)
    for name in ("a1", "a2", "a3", "a4"):
        domain.create(name)
    send_due()
    newest = Event.objects.latest("number")
    Event.objects.filter(subject="a1").update(at=now() - old_events.KEPT - timedelta(days=1))
    old_events.run()
    assert Event.objects.filter(subject="a1").count() == 0 and Delivery.objects.count() == 3
    monkeypatch.setattr(old_events, "KEPT_OF_TARGET", 2)
    old_events.run()
    assert (Event.objects.count(), Delivery.objects.count()) == (3, 2)
    monkeypatch.setattr(old_events, "KEPT_OF_SUBSCRIPTION", 1)
    old_events.run()
    assert list(Event.objects.values_list("pk", flat=True)) == [newest.pk]
    Event.objects.update(at=now() - old_events.KEPT - timedelta(days=1))
    old_events.run()
    assert Event.objects.get() == newest, "the newest number stays known"


def test_a_member_of_one_site_keeps_targets_of_that_site_and_no_others(domain: Domain, told: Receiver) -> None:
    contoso = domain.create()
    member = SiteMember.objects.create(site=contoso, user=domain.charlie, role=Role.CONTRIBUTOR)
    with pytest.raises(NotFound):
        target_of(domain, told, user=domain.charlie)
    target_of(domain, told, site=contoso, user=domain.charlie, types=["operation.succeeded"])
    domain.enable(contoso)
    send_due()
    assert len(told.received) == 2, "what had not been numbered yet, and what came after"
    member.delete()
    domain.create("fabrikam")
    send_due()
    assert not EventTarget.objects.get().is_enabled


def test_members_of_one_site_leave_the_subscription_most_of_its_targets(domain: Domain, told: Receiver) -> None:
    contoso = domain.create()
    for user in (domain.bob, domain.charlie):
        SiteMember.objects.get_or_create(site=contoso, user=user, defaults={"role": Role.CONTRIBUTOR})
    for number in range(event_targets.MAX_OF_MEMBERS):
        user = domain.charlie if number else domain.bob
        target_of(domain, told, title=f"CI {number}", site=contoso, user=user)
    with pytest.raises(TargetLimit, match="'contoso' has 5 event targets of members"):
        target_of(domain, told, site=contoso, user=domain.charlie)
    target_of(domain, told, site=contoso, user=domain.alice)
