"""Settings, events: targets are made, changed, tried and removed; the secret is shown once, the address never."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from sites.events.types import CHOSEN
from sites.jobs import deliveries
from sites.models import Delivery, EventTarget, Operation
from sites.services import event_targets
from tests.domain import Domain
from tests.fakes.receiver import receiver

URL = "https://hooks.example.org/secret/path?key=hidden"


@pytest.fixture
def page(domain: Domain) -> str:
    return reverse("event-targets", args=[domain.subscription.public_id])


@pytest.fixture
def target(domain: Domain) -> EventTarget:
    return event_targets.create(
        acting_user=domain.alice, subscription=domain.subscription, title="CI", url=URL, types=["swap.failed"]
    )


def address(target: EventTarget, name: str = "event-target", *more: object) -> str:
    return reverse(name, args=[target.subscription.public_id, target.public_id, *more])


def test_a_target_is_made_and_its_secret_is_shown_on_the_first_look_only(
    domain: Domain, alice: Client, page: str
) -> None:
    assert "You send the events of this subscription nowhere yet" in alice.get(page).content.decode()
    sent = {"title": "Chat", "url": URL, "format": "slack", "types": ["swap.failed", "preview.waiting"]}
    answer = alice.post(page, sent)
    made = EventTarget.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, address(made))
    first, second = (alice.get(address(made)).content.decode() for _ in range(2))
    assert str(made.secret).replace("+", "&#x2B;") in first or str(made.secret) in first
    assert "whsec_" not in second and "key=hidden" not in first + second
    assert "hooks.example.org" in alice.get(page).content.decode()
    assert (made.keeper, made.format, made.site) == (domain.alice, "slack", None)


def test_all_faults_stand_at_their_fields_and_what_was_typed_stays(alice: Client, page: str) -> None:
    answer = alice.post(page, {"title": "<b>My</b> target", "url": "ftp://x", "format": "fax"})
    text = answer.content.decode()
    assert answer.status_code == 400 and not EventTarget.objects.exists()
    assert "&lt;b&gt;My&lt;/b&gt; target" in text and 'value="ftp://x"' in text
    for said in ("does not begin with https://", "is no format of event targets", "No type of event was chosen"):
        assert said in text


def test_a_target_of_mails_has_no_secret_to_replace(alice: Client, target: EventTarget) -> None:
    assert "replace-secret" in alice.get(address(target)).content.decode()
    EventTarget.objects.update(format="mail")
    assert "replace-secret" not in alice.get(address(target)).content.decode()
    for ask in (alice.get, alice.post):
        answer = ask(address(target, "event-target-secret"))
        assert answer.status_code == 400 and "is not signed with a secret" in answer.content.decode()
    assert EventTarget.objects.get().secret == target.secret


def test_a_target_is_changed_and_keeps_its_address_where_none_is_typed(alice: Client, target: EventTarget) -> None:
    alice.post(address(target), {"title": "Other", "url": "", "format": "teams", "types": ["swap.succeeded"]})
    changed = EventTarget.objects.get()
    assert (changed.title, changed.format, changed.types, changed.url) == ("Other", "teams", ["swap.succeeded"], URL)
    assert not changed.is_enabled, "the box was not ticked"
    alice.post(
        address(target),
        {"title": "Other", "url": "https://new.example.org/", "format": "teams", "types": CHOSEN, "is_enabled": "on"},
    )
    changed.refresh_from_db()
    assert (changed.host, changed.is_enabled) == ("new.example.org", True)
    assert Operation.objects.latest("pk").outcome.endswith("is enabled.")


@pytest.mark.parametrize("name", ["event-target-remove", "event-target-secret"])
def test_what_destroys_asks_first_on_a_page_of_its_own(alice: Client, target: EventTarget, name: str) -> None:
    before = str(target.secret)
    asked = alice.get(address(target, name))
    assert "Are you sure" in asked.content.decode() and EventTarget.objects.get().secret == before
    answer = alice.post(address(target, name))
    assert answer.status_code == 303
    left = EventTarget.objects.first()
    if name == "event-target-remove":
        assert left is None
    else:
        assert left is not None and left.secret != before
        assert "You see it only now" in alice.get(address(target)).content.decode()


def test_a_test_and_its_answer_stand_in_the_delivery_log(
    alice: Client, target: EventTarget, settings: Settings
) -> None:
    with receiver() as told:
        settings.WEBHOOK_HOSTS = [told.authority]
        event_targets.change(acting_user=target.keeper, target=target, url=told.url())
        told.answers = [(500, "<script>\x1b[31m"), (200, "")]
        assert alice.post(address(target, "event-target-test")).status_code == 303
        assert "every 2s" in alice.get(address(target)).content.decode()
        deliveries.run()
        text = alice.get(address(target)).content.decode()
        assert "the answer was 500." in text and "&lt;script&gt;" in text
        assert "every 2s" in text  # until the next attempt has its answer as well
        assert re.search(r"next at <time [^>]+>\d\d:\d\d:\d\d UTC</time>", text)
        Delivery.objects.update(state="failed")
        again = reverse(
            "event-redeliver",
            args=[target.subscription.public_id, target.public_id, Delivery.objects.get().public_id],
        )
        assert again in alice.get(address(target)).content.decode()
        assert alice.post(again).status_code == 303
        deliveries.run()
        assert Delivery.objects.get().state == "succeeded"


def test_readers_look_and_strangers_find_nothing(
    domain: Domain, bob: Client, charlie: Client, target: EventTarget, page: str
) -> None:
    for path in (page, address(target)):
        text = bob.get(path).content.decode()
        assert "CI" in text and '<button class="button">' not in text
        assert charlie.get(path).status_code == 404
    changes = [page, address(target), *(address(target, f"event-target-{one}") for one in ("test", "secret", "remove"))]
    for path in changes:
        assert bob.post(path, {"title": "x", "url": URL, "types": CHOSEN}).status_code == 403, path
        assert charlie.post(path, {"title": "x"}).status_code == 404, path
    assert EventTarget.objects.get().title == "CI" and not Delivery.objects.exists()


def test_the_page_takes_a_few_queries_however_many_targets_there_are(
    domain: Domain, alice: Client, page: str, django_assert_max_num_queries: object
) -> None:
    for number in range(5):
        event_targets.create(
            acting_user=domain.alice,
            subscription=domain.subscription,
            title=f"CI {number}",
            url=URL,
            types=["swap.failed"],
        )
    with django_assert_max_num_queries(16):
        alice.get(page)
