"""A sign-in link works once, within ten minutes."""

import pytest
from django.contrib.auth.models import User
from django.core import signing
from pytest_django import Settings

from portal.accounts import links as sign_in_links
from portal.accounts.links import create_link, peek, redeem

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    """An administrator without a password."""
    return User.objects.create_superuser("admin", password=None)


def token_of(link: str) -> str:
    assert link.startswith("/welcome/") and link.endswith("/")
    return link.removeprefix("/welcome/").removesuffix("/")


def test_a_link_leads_to_its_user_once(admin: User) -> None:
    token = token_of(create_link(admin))
    assert peek(token) == admin
    assert peek(token) == admin
    assert redeem(token) == admin
    assert redeem(token) is None
    assert peek(token) is None


def test_using_one_link_ends_all_others(admin: User) -> None:
    first, second = token_of(create_link(admin)), token_of(create_link(admin))
    assert redeem(first) == admin
    assert redeem(second) is None


def test_a_new_password_ends_the_link(admin: User) -> None:
    token = token_of(create_link(admin))
    admin.set_password("correct horse battery")
    admin.save(update_fields=["password"])
    assert redeem(token) is None


def test_a_link_after_a_sign_in_works_once(admin: User) -> None:
    redeem(token_of(create_link(admin)))
    admin.refresh_from_db()
    token = token_of(create_link(admin))
    assert redeem(token) == admin
    assert redeem(token) is None


def test_a_link_ends_after_ten_minutes(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(create_link(admin))
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + 599)
    assert peek(token) == admin
    monkeypatch.setattr(signing.time, "time", lambda: now + 601)
    assert peek(token) is None


def test_foreign_and_altered_tokens_are_refused(admin: User, settings: Settings) -> None:
    token = token_of(create_link(admin))
    assert redeem(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert redeem("nonsense") is None
    assert redeem(signing.dumps([admin.pk, "", ""], salt="another purpose")) is None
    assert redeem(signing.dumps([admin.pk, "", ""], salt=sign_in_links.SALT)) is None


def test_a_disabled_account_has_no_way_in(admin: User) -> None:
    token = token_of(create_link(admin))
    admin.is_active = False
    admin.save(update_fields=["is_active"])
    assert redeem(token) is None
