"""Mail, where the installation sends any: notices, the confirmation of an address, and a forgotten password."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from pytest_django import Settings

from portal.accounts import attempts
from sites import tasks
from sites.models import Operation
from tests.domain import Domain
from tests.portal.accounts.conftest import ACCOUNT, NEW_PASSWORD, Visitor, confirm, give_app

FORGOTTEN = "/sign-in/forgotten/"
CHOSEN = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


@pytest.fixture(autouse=True)
def _mails(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation sends mails, and a worker does it at once."""
    settings.EMAIL_HOST, settings.PORTAL_URL = "mail.example", "https://greenroom.example"
    monkeypatch.setattr(tasks.send_mail, "delay", tasks.send_mail)
    monkeypatch.setattr("django.db.transaction.on_commit", lambda call, **_: call())


@pytest.fixture
def address(domain: Domain) -> str:
    """Alice's verified address."""
    EmailAddress.objects.create(user=domain.alice, email="alice@example.org", verified=True, primary=True)
    User.objects.filter(pk=domain.alice.pk).update(email="alice@example.org")
    return "alice@example.org"


def link_in(message: Any) -> str:
    return re.search(r"https://greenroom\.example(/\S+)", message.body)[1]


def test_changes_are_told_by_mail_and_the_sentence_is_that_of_the_bar(alice_in: Visitor, address: str) -> None:
    alice_in.post(f"{ACCOUNT}password/", {"oldpassword": "alice", **CHOSEN})
    told = mail.outbox[-1]
    assert told.to == [address] and "'alice' has a new password" in told.body
    assert Operation.objects.get(kind="password").outcome in told.body
    Visitor("198.51.100.7").sign_in(password=NEW_PASSWORD)
    assert "198.51.100.7" in mail.outbox[-1].body
    assert all(one.subject.startswith("[Greenroom, localhost]") and "\n" not in one.subject for one in mail.outbox)


def test_nothing_is_sent_to_an_address_that_was_not_verified(alice_in: Visitor, domain: Domain) -> None:
    """Whoever has the address may be a stranger."""
    EmailAddress.objects.create(user=domain.alice, email="typo@example.org", verified=False, primary=True)
    User.objects.filter(pk=domain.alice.pk).update(email="typo@example.org")
    alice_in.post(f"{ACCOUNT}password/", {"oldpassword": "alice", **CHOSEN})
    Visitor().post(FORGOTTEN, {"email": "typo@example.org"})
    assert not mail.outbox


def test_an_address_counts_once_its_person_has_followed_the_link(alice_in: Visitor, domain: Domain) -> None:
    confirm(alice_in)
    assert alice_in.post(f"{ACCOUNT}mail/", {"email": "a@example.org", "action_add": ""})["Location"] == ACCOUNT
    link = link_in(mail.outbox[-1])
    assert "is not confirmed yet" in alice_in.get(ACCOUNT).content.decode()
    bob = Visitor()
    bob.sign_in("bob", "bob")
    assert "no longer works" in bob.get(link).content.decode() and bob.is_in
    assert bob.post(link).status_code == 404
    assert Visitor().get(link)["Location"].startswith("/sign-in/")
    assert "Use a@example.org" in alice_in.get(link).content.decode()
    assert alice_in.post(link)["Location"] == ACCOUNT
    assert EmailAddress.objects.get(user=domain.alice).verified
    assert mail.outbox[-1].to == ["a@example.org"] and "now goes to" in mail.outbox[-1].body


def test_the_former_address_hears_of_the_new_one(alice_in: Visitor, address: str) -> None:
    confirm(alice_in)
    alice_in.post(f"{ACCOUNT}mail/", {"email": "new@example.org", "action_add": ""})
    alice_in.post(link_in(mail.outbox[-1]))
    assert {to for one in mail.outbox[-2:] for to in one.to} == {address, "new@example.org"}
    assert [one.email for one in EmailAddress.objects.filter(user__username="alice")] == ["new@example.org"]


def test_a_forgotten_password_is_replaced_once_and_the_second_factor_still_asked_for(
    alice_in: Visitor, address: str, domain: Domain
) -> None:
    give_app(domain.alice)
    visitor = Visitor()
    assert "Forgot your password?" in visitor.get("/sign-in/").content.decode()
    assert visitor.post(FORGOTTEN, {"email": address})["Location"] == f"{FORGOTTEN}sent/"
    link = link_in(mail.outbox[-1])
    form = visitor.get(link)["Location"]
    assert link.rstrip("/").rpartition("-")[2] not in form, "the address of the form tells no secret"
    assert visitor.post(form, CHOSEN)["Location"] == "/sign-in/"
    assert not visitor.is_in and not alice_in.is_in
    assert visitor.sign_in(password=NEW_PASSWORD)["Location"] == "/sign-in/code/"
    again = Visitor()
    assert again.get(link).status_code == 410
    assert "by a link that was sent by mail" in mail.outbox[-1].body


def test_nobody_learns_whether_an_address_is_known(address: str) -> None:
    known, unknown = (Visitor().post(FORGOTTEN, {"email": one}) for one in (address, "nobody@example.org"))
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(mail.outbox) == 1


def test_a_link_in_a_mail_leads_to_the_portal_whatever_the_request_said(address: str) -> None:
    Visitor().client.post(FORGOTTEN, {"email": address}, headers={"Host": "localhost:9999"})
    assert "9999" not in mail.outbox[-1].body and "https://greenroom.example/sign-in/" in mail.outbox[-1].body


def test_nobody_is_flooded_with_mails(address: str, alice_in: Visitor) -> None:
    most = attempts.MAILS.most
    mail.outbox.clear()
    statuses = [Visitor(f"192.0.2.{n}").post(FORGOTTEN, {"email": address}).status_code for n in range(most + 1)]
    assert statuses == [302] * most + [429] and len(mail.outbox) == most
    confirm(alice_in)
    add = {"action_add": ""}
    asked = [alice_in.post(f"{ACCOUNT}mail/", {**add, "email": f"{n}@example.org"}) for n in range(most + 1)]
    assert [answer.status_code for answer in asked] == [302] * most + [429]


def test_a_weak_password_is_refused_here_as_well(address: str) -> None:
    visitor = Visitor()
    visitor.post(FORGOTTEN, {"email": address})
    form = visitor.get(link_in(mail.outbox[-1]))["Location"]
    answer = visitor.post(form, {"password1": "short", "password2": "short"})
    assert "field__fault" in answer.content.decode() and visitor.sign_in().status_code == 303


@pytest.mark.parametrize("email", ["a@example.org\nBcc: b@example.org", "nonsense", "", "a" * 300 + "@example.org"])
def test_what_is_no_address_gets_no_mail(alice_in: Visitor, email: str) -> None:
    confirm(alice_in)
    alice_in.post(f"{ACCOUNT}mail/", {"email": email, "action_add": ""})
    Visitor().post(FORGOTTEN, {"email": email})
    assert not mail.outbox
