"""Who comes to the door, and how."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from sites.models.fields import encrypt
from tests.domain import Domain

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ACCOUNT = "/settings/account/"
NEW_PASSWORD = "quiet green room"


class Visitor:
    """Somebody at the door, at an address, with a browser of their own."""

    def __init__(self, address: str = "192.0.2.1", **more: Any) -> None:
        self.client = Client(SERVER_NAME="localhost", **more)
        self.address = address

    def get(self, path: str, data: Any = None, **more: Any) -> HttpResponse:
        return self.client.get(path, data or {}, REMOTE_ADDR=self.address, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> HttpResponse:
        return self.client.post(path, data or {}, REMOTE_ADDR=self.address, **more)

    def sign_in(self, name: str = "alice", password: str = "alice", **more: str) -> HttpResponse:
        return self.post("/sign-in/", {"login": name, "password": password, **more})

    def code(self, code: str) -> HttpResponse:
        return self.post("/sign-in/code/", {"code": code})

    @property
    def is_in(self) -> bool:
        return self.get("/sites/").status_code == 200


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    """Tests share a process, in which allauth remembers the codes that were used."""
    cache.clear()


@pytest.fixture
def visitor(domain: Domain) -> Callable[..., Visitor]:
    return Visitor


@pytest.fixture
def nobody(domain: Domain) -> Visitor:
    return Visitor()


@pytest.fixture
def alice_in(domain: Domain) -> Visitor:
    """Alice, who has just signed in by her password."""
    visitor = Visitor("192.0.2.100")
    assert visitor.sign_in().status_code == 303
    return visitor


@pytest.fixture
def codes(domain: Domain) -> list[str]:
    """Alice's app is set up; her recovery codes."""
    return give_app(domain.alice)


def give_app(user: User) -> list[str]:
    Authenticator.objects.create(user=user, type="totp", data={"secret": encrypt(SECRET)})
    return RecoveryCodes.activate(user).get_unused_codes()


def shown(secret: str = SECRET, offset: int = 0) -> str:
    """What an app shows."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + offset))


def confirm(visitor: Visitor, password: str = "alice") -> HttpResponse:
    return visitor.post(f"{ACCOUNT}confirm/", {"password": password})
