"""Fixtures of the portal's fast tests: the cast in memory, each with a browser."""

from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from portal import workers
from sites.models import Operation, Site
from tests.domain import Domain

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/sites/"}


@pytest.fixture(autouse=True)
def _workers_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no Redis to ask whether they do."""
    monkeypatch.setattr(workers, "has_worker", lambda queue: True)


@pytest.fixture
def browser() -> Callable[[User], Client]:
    """A browser at the portal's host, signed in as somebody."""

    def signed_in(user: User | None) -> Client:
        client = Client(SERVER_NAME="localhost")
        if user:
            client.force_login(user)
            key = client.session.session_key
            UserSession.objects.create(user=user, session_key=key, ip="127.0.0.1", user_agent="Test")
        return client

    return signed_in


@pytest.fixture
def alice(domain: Domain, browser: Callable[[User], Client]) -> Client:
    """The owner."""
    return browser(domain.alice)


@pytest.fixture
def bob(domain: Domain, browser: Callable[[User], Client]) -> Client:
    """The reader."""
    return browser(domain.bob)


@pytest.fixture
def charlie(domain: Domain, browser: Callable[[User], Client]) -> Client:
    """The stranger."""
    return browser(domain.charlie)


@pytest.fixture
def contoso(domain: Domain) -> Site:
    """A staged site whose operations were all read: 'one' in production, 'two' in staging."""
    production, _ = domain.staged("contoso")
    Operation.objects.update(dismissed_at=timezone.now())
    return production.site
