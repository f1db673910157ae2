"""Events as mails: to confirmed addresses of people who may see them, bounded, with a delivery log."""

from smtplib import SMTPServerDisconnected
from threading import Event

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends import locmem
from pytest_django import Settings

from sites.errors import TargetRefused
from sites.events.types import CHOSEN
from sites.jobs import deliveries
from sites.models import Delivery, EventTarget, Membership, Role, SiteMember
from sites.services import event_targets
from sites.throttling.buckets import Limit
from tests.domain import Domain
from tests.sites.told import make_due, send_due

ADDRESS = "ada@example.org"


@pytest.fixture(autouse=True)
def mail_server(settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example"


def confirmed(user: User, address: str = ADDRESS, *, verified: bool = True) -> EmailAddress:
    return EmailAddress.objects.create(user=user, email=address, verified=verified)


def target_of(domain: Domain, address: str = ADDRESS, **more: object) -> EventTarget:
    return event_targets.create(
        acting_user=domain.alice,
        subscription=domain.subscription,
        title="people",
        url=address,
        types=CHOSEN,
        target_format="mail",
        **more,
    )


def test_an_event_comes_as_a_mail_and_stands_in_the_delivery_log(domain: Domain) -> None:
    confirmed(domain.bob)
    target = target_of(domain, "Ada@example.org")
    assert (target.host, target.format) == ("Ada@example.org", "mail")
    domain.create()
    send_due()
    (message,) = mail.outbox
    assert message.to == ["Ada@example.org"]
    assert message.subject == "✅ Other operation succeeded: contoso"
    assert "Created web site 'contoso'" in message.body and "event target 'people'" in message.body
    assert message.message()["Auto-Submitted"] == "auto-generated"
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status, delivery.answer) == ("succeeded", 250, "the mail server has taken it")
    event_targets.send_test(acting_user=domain.alice, target=target)
    send_due()
    assert mail.outbox[1].subject == "✅ Test: people"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nobody", "That is no mail address"),
        ("ada@example.org\nBcc: eve@example.org", "That is no mail address"),
        ("https://hooks.example.org/", "That is no mail address"),
        ("eve@example.org", "'eve@example.org' is the confirmed mail address of nobody who may see these events"),
        ("unconfirmed@example.org", "of nobody who may see these events"),
        ("charlie@example.org", "of nobody who may see these events"),
    ],
)
def test_only_confirmed_addresses_of_people_who_may_see_it_get_mail(domain: Domain, address: str, reason: str) -> None:
    confirmed(domain.bob)
    confirmed(domain.bob, "unconfirmed@example.org", verified=False)
    confirmed(domain.charlie, "charlie@example.org")
    with pytest.raises(TargetRefused, match=reason):
        target_of(domain, address)
    assert "url" in event_targets.faults(
        domain.subscription, title="people", url=address, types=CHOSEN, target_format="mail"
    )


def test_a_member_of_one_site_gets_mail_of_that_site_alone(domain: Domain) -> None:
    site = domain.create()
    confirmed(domain.charlie)
    SiteMember.objects.create(site=site, user=domain.charlie, role=Role.READER)
    with pytest.raises(TargetRefused):
        target_of(domain)
    assert target_of(domain, site=site).site == site


def test_without_a_mail_server_none_is_promised(domain: Domain, settings: Settings) -> None:
    confirmed(domain.bob)
    settings.EMAIL_HOST = ""
    with pytest.raises(TargetRefused, match="This installation sends no mail"):
        target_of(domain)


def test_a_person_who_has_left_gets_nothing_more(domain: Domain) -> None:
    confirmed(domain.bob)
    target_of(domain)
    Membership.objects.filter(user=domain.bob).delete()
    domain.create()
    send_due()
    assert mail.outbox == []
    assert "of nobody who may see these events" in Delivery.objects.get().fault


@pytest.mark.parametrize("bound", ["TO_ADDRESS", "OF_KEEPER"])
def test_more_than_so_many_an_hour_wait(domain: Domain, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(deliveries, bound, Limit(bound, 1))
    confirmed(domain.bob)
    target_of(domain)
    site = domain.create()
    domain.enable(site)
    send_due()
    assert len(mail.outbox) == 1
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["pending", "succeeded"]
    assert Delivery.objects.get(state="pending").fault == deliveries.TOO_MANY_MAILS


def test_whoever_removes_a_target_and_makes_it_anew_sends_no_more_mails(domain: Domain) -> None:
    confirmed(domain.bob)
    for address in (ADDRESS, ADDRESS.upper(), ADDRESS):
        target = target_of(domain, address)
        for _ in range(4):
            event_targets.send_test(acting_user=domain.alice, target=target)
        send_due()
        event_targets.remove(acting_user=domain.alice, target=target)
    assert len(mail.outbox) == deliveries.TO_ADDRESS.most


def test_a_mail_server_that_is_slow_ends_no_turn_late(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed(domain.bob)
    target = target_of(domain)
    event_targets.send_test(acting_user=domain.alice, target=target)
    open_now, ended = Event(), Event()
    monkeypatch.setattr(locmem.EmailBackend, "open", lambda _: open_now.wait(10))
    monkeypatch.setattr(locmem.EmailBackend, "close", lambda _: ended.set())
    monkeypatch.setattr(deliveries, "WHOLE_MAIL_SECONDS", 0.1)
    deliveries.run()
    assert Delivery.objects.get().fault == "the mail server takes too long. It is tried again."
    open_now.set()
    assert ended.wait(10)
    assert mail.outbox == [], "it is sent again, so not now"


def test_each_lane_has_a_thread_for_its_mail() -> None:
    assert deliveries._MAIL_THREADS._max_workers == deliveries.QUICK_LANES + deliveries.SLOW_LANES


def test_a_mail_server_that_is_away_is_asked_again(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed(domain.bob)
    target_of(domain)
    domain.create()

    def away(*_: object, **__: object) -> None:
        raise SMTPServerDisconnected("with the address in it")

    with monkeypatch.context() as patch:
        patch.setattr(deliveries.mail, "hand_over", away)
        send_due()
    assert Delivery.objects.get().fault == "the mail server has ended the connection. It is tried again."
    make_due()
    send_due()
    assert len(mail.outbox) == 1


def test_a_target_that_becomes_one_of_mail_needs_an_address(domain: Domain) -> None:
    confirmed(domain.bob)
    target = target_of(domain)
    with pytest.raises(TargetRefused, match="A target of another kind needs another address"):
        event_targets.change(acting_user=domain.alice, target=target, target_format="slack")
    event_targets.change(acting_user=domain.alice, target=target, types=["swap.failed"])
    event_targets.change(
        acting_user=domain.alice, target=target, target_format="slack", url="https://hooks.example.org/x"
    )
    target.refresh_from_db()
    assert (target.host, target.format) == ("hooks.example.org", "slack")
