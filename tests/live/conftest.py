"""A real system for the live tests, one for the whole session and others of their own on demand, and a browser."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models.functions import Now
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker

from sites.models import Operation
from tests.live.agent_rig import Agent, running_agent
from tests.live.chromium import OpenPage, Window, launched
from tests.live.reachable import for_everybody
from tests.live.system import ROOT, System


@pytest.fixture(scope="session")
def _shared(django_db_blocker: DjangoDbBlocker) -> Iterator[System]:
    named = {"WEBHOOK_HOSTS": "127.0.0.1", "RESOURCE_HOSTS": "127.0.0.1"}
    often = {"AUTOSCALE_SECONDS": "2", "AUTOSCALE_WINDOW_SECONDS": "20"}  # nobody waits for a minute
    system = System(settings.DATA_DIR, django_db_blocker, named | often)
    try:
        system.start()
        yield system
    finally:
        system.destroy()


@pytest.fixture
def system(_shared: System) -> Iterator[System]:
    """The session's system, up and ready; whatever a test killed is back before the next one starts."""
    if _shared.up is None or _shared.up.poll() is not None:
        _shared.start()
    yield _shared
    _shared.remember()


@pytest.fixture
def make_system(django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[..., System]]:
    """Makes systems in folders of their own, not started yet; all are gone when the test ends."""
    made: list[System] = []

    def make(**environment: str) -> System:
        data = Path(tempfile.mkdtemp(prefix="greenroom-live-"))
        system = System(data, django_db_blocker, environment)
        made.append(system)
        return system

    yield make
    for system in made:
        system.destroy()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with launched() as browser:
        yield browser


@pytest.fixture
def open_page(chromium: Browser, system: System) -> Iterator[OpenPage]:
    """Opens pages of the portal, signed in as the administrator; an error of a script fails the test.

    The bar shows nothing that other tests have left unread.
    """
    with system.database():
        Operation.objects.exclude(state__in=Operation.OPEN).filter(dismissed_at=None).update(dismissed_at=Now())
    window = Window(chromium, system)
    yield window.open
    window.close()


@pytest.fixture(scope="module")
def shared_agent() -> Iterator[Agent]:
    """One agent for tests that leave it as it was."""
    with running_agent() as agent:
        yield agent


@pytest.fixture
def agent() -> Iterator[Agent]:
    """An agent that may be killed."""
    with running_agent() as agent:
        yield agent


@pytest.fixture
def user_agent() -> Iterator[Agent]:
    """An agent of an unprivileged user, with the system's Python."""
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        prefix = (*for_everybody([ROOT]), "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        agent = Agent(Path(folder), prefix=prefix, python="/usr/bin/python3")
        shutil.chown(agent.folder, 65534, 65534)
        agent.start()
        yield agent
        agent.close()
