"""What a password may be, how it is asked for, and how it is kept."""

import importlib
import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from portal.accounts.links import create_link
from tests.domain import Domain


@pytest.mark.parametrize(
    "password", ["only small letters here", "1029384756574839", "☃" * 12, "x" + " y" * 100, "a" * 400 + "b"]
)
def test_a_password_may_be_of_any_letters_and_any_length_above_twelve(password: str) -> None:
    validate_password(password)


@pytest.mark.parametrize("password", ["short", "elevenchars", "123456789123"])
def test_a_short_or_common_password_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


@pytest.mark.parametrize("password", ["greenroom1234", "GreenRoom-2026", "localhost!!!!"])
def test_the_words_of_this_installation_are_refused(password: str) -> None:
    with pytest.raises(ValidationError, match="would try first here"):
        validate_password(password)


def test_a_password_is_compared_as_it_is(domain: Domain) -> None:
    domain.alice.set_password(" Spaces and Case ")
    domain.alice.save()
    for typed, status in ((" Spaces and Case ", 303), ("Spaces and Case", 400), (" spaces and case ", 400)):
        client = Client(SERVER_NAME="localhost")
        assert client.post("/sign-in/", {"login": "alice", "password": typed}).status_code == status


def test_an_old_password_is_still_good(domain: Domain) -> None:
    User.objects.update(date_joined=datetime(2001, 1, 1, tzinfo=UTC), last_login=datetime(2001, 1, 2, tzinfo=UTC))
    client = Client(SERVER_NAME="localhost")
    assert client.post("/sign-in/", {"login": "alice", "password": "alice"})["Location"] == "/sites/"


def test_fields_of_passwords_are_masked_and_helpers_may_fill_them(domain: Domain, alice: Client) -> None:
    pages = [Client(SERVER_NAME="localhost").get("/sign-in/"), alice.get("/settings/account/")]
    pages.append(Client(SERVER_NAME="localhost").get(create_link(User.objects.create_user("dora"))))
    for page in pages:
        fields = re.findall(r'<input [^>]*name="[^"]*password[^"]*"[^>]*>', page.content.decode())
        assert fields
        for field in fields:
            assert 'type="password"' in field and re.search(r'autocomplete="(current|new)-password"', field), field
            assert "onpaste" not in field and "maxlength" not in field


def test_passwords_are_kept_by_a_slow_function_with_a_salt() -> None:
    product = importlib.import_module("portal.settings")
    assert not hasattr(product, "PASSWORD_HASHERS"), "Django's own choice holds"
    assert PBKDF2PasswordHasher.iterations >= 600_000
