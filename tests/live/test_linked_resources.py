"""Linked resources: a real Redis and a real PostgreSQL, asked by the workers and by the check itself."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pytest_django import Settings

from sites.management.welcome import administrator
from sites.models import Category, Health, LinkedResource, Site
from sites.resources.address import POSTGRESQL, REDIS
from sites.resources.check import fault_of
from sites.services.linked_resources import link
from sites.services.settings import read_settings
from sites.services.sites import create_site
from sites.services.slots import enable_staged_publishing
from sites.services.subscriptions import ensure_default
from tests.live.postgres import Postgres
from tests.live.stage import using
from tests.live.system import System, free_port
from tests.live.system import wait_for as wait_until
from tools.demo.operations import wait_for

pytestmark = pytest.mark.live
SECRET = "a-long-secret"


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[str]:
    """Host and port of a Redis with a password."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--requirepass", SECRET, "--save", ""]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as server:
        try:
            with redis.Redis(port=port, password=SECRET) as client:
                wait_until(lambda: _answers(client), 60, "the Redis is there")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_a_link_is_productions_and_checked_and_its_string_is_cloned(system: System, cache: str) -> None:
    text = f"redis://:{SECRET}@{cache}/2"
    with using(system):
        user = administrator()
        owned = ensure_default(owner=user)
        wait_for(create_site(acting_user=user, subscription=owned, name="databases"))
        site = Site.objects.get(name="databases")
        wait_for(link(acting_user=user, site=site, engine=REDIS, name="cache", connection_string=text))
        wait_until(lambda: LinkedResource.objects.get().health == Health.GOOD, 60, "the Redis answers")
        wait_for(enable_staged_publishing(acting_user=user, site=site))
        staging = site.slots.get(name="staging")
        assert [entry.value for entry in read_settings(staging, Category.CONNECTION_STRINGS)] == [text]
    with system.signed_in() as browser:
        page = browser.get("/sites/databases/production/dashboard/").text
        assert "cache" in page and "Answers since" in page and SECRET not in page
        assert "Linked resources belong to production" in browser.get("/sites/databases/staging/linked/").text


def test_real_servers_tell_their_refusals_apart(settings: Settings, cache: str) -> None:
    settings.RESOURCE_HOSTS = ["127.0.0.1"]
    port = free_port()
    server = Postgres(port)
    base = f"127.0.0.1:{port}"
    try:
        for engine, text, said in (
            (POSTGRESQL, f"postgresql://greenroom@{base}/greenroom", ""),
            (POSTGRESQL, f"postgresql://greenroom@{base}/other", "no such user or no such database"),
            (POSTGRESQL, f"postgresql://nobody:{SECRET}@{base}/greenroom", "no such user or no such database"),
            (POSTGRESQL, f"postgresql://greenroom@{base}/greenroom?sslmode=verify-full", "does not speak TLS"),
            (REDIS, f"redis://:{SECRET}@{cache}/0", ""),
            (REDIS, f"redis://:other@{cache}/0", "refuses the user or the password"),
            (REDIS, f"redis://{cache}/0", "wants a password"),
            (REDIS, f"redis://:{SECRET}@{cache}/999", "no such database"),
        ):
            fault = asyncio.run(fault_of(engine, text, owner="subscription"))
            assert said in fault if said else fault == "", (text, fault)
            assert SECRET not in fault
    finally:
        server.destroy()
