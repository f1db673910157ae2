"""A server that is killed while it takes a publication, or whose disk is full: all of it is there, or nothing."""

import contextlib
import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.content import store
from sites.disk import trees
from sites.models import Deployment, Operation, SlotHold
from tests.deaths import Killed, dying_after
from tests.domain import Domain
from tests.sites.publishing.test_kudu import HOST, Publisher, zipped

ZIP = zipped(index__html="three", a__txt="a", b__txt="b")
WAYS = {
    "zip": ("POST", "/api/zipdeploy?isAsync=true", ZIP),
    "zip on top": ("POST", "/api/publish?type=zip&clean=false&async=true", ZIP),
    "file": ("POST", "/api/publish?type=static&path=a.txt&async=true", b"a"),
    "vfs": ("PUT", "/api/vfs/site/wwwroot/a.txt", b"a"),
    "vfs removes": ("DELETE", "/api/vfs/site/wwwroot/other.txt", b""),
    "once more": ("PUT", "/api/deployments/latest?isAsync=true", b""),
}
CALLS = ("link", "rename", "open", "fchmod", "utime")
"""Of the store to the disk."""
MOST = 200
SOON = 60
"""Seconds: everything counts as older than this moment, so nothing is spared as too young."""

Ask = Callable[[], object]


@pytest.fixture(autouse=True)
def _own_store(settings: LazySettings, tmp_path: Path) -> None:
    for name in ("CONTENT", "BUILD", "UPLOAD"):
        setattr(settings, f"{name}_DIR", tmp_path / name.lower())


@pytest.fixture
def staging(domain: Domain) -> Publisher:
    """It serves two pages."""
    publisher = Publisher(domain, domain.staged()[1])
    publisher.publish("POST", "/api/zipdeploy", zipped(index__html="two", other__txt="o"))
    return publisher


@pytest.fixture(params=list(WAYS))
def ask(request: pytest.FixtureRequest, staging: Publisher) -> Ask:
    """One request, in one of the ways in which content is changed."""
    method, address, body = WAYS[request.param]
    return lambda: staging.ask(method, address, body, HTTP_IF_MATCH="*" if method == "DELETE" else "")


class Breaking:
    """The module os, of which the n-th call that changes the disk breaks."""

    def __init__(self, number: int, error: BaseException) -> None:
        self._left = itertools.count(number, -1)
        self._error = error
        self.is_broken = False

    def __getattr__(self, name: str) -> object:
        found = getattr(os, name)
        return self._counted(found) if name in CALLS else found

    def _counted(self, call: Callable) -> Callable:
        def counted(*arguments: object, **options: object) -> object:
            if next(self._left) == 0:
                self.is_broken = True
                raise self._error
            return call(*arguments, **options)

        return counted


def assert_whole(domain: Domain) -> None:
    """A publication that was begun comes to its end. Of one that was not, nothing is left, and the slot is free."""
    for operation in Operation.objects.filter(state__in=Operation.OPEN):
        assert domain.work(operation).state == "succeeded"
    assert not SlotHold.objects.exists()
    assert not Deployment.objects.filter(state__in=Deployment.OPEN).exists()
    store.sweep(older_than_seconds=-SOON)
    named = set(Deployment.objects.values_list("content_digest", flat=True))
    for folder in store.set_aside_unused(named, older_than_seconds=-SOON):
        trees.remove(folder)
    left = {path.name.removesuffix(".json") for path in store.settings.CONTENT_DIR.iterdir()}
    assert left - {".lock"} <= named
    assert list(store.settings.UPLOAD_DIR.glob("*")) == []


def test_whoever_takes_a_publication_may_be_killed_at_any_statement(domain: Domain, ask: Ask) -> None:
    deaths = 0
    for number in range(MOST):
        try:
            with dying_after(number):
                ask()
        except Killed:
            deaths += 1
        else:
            break
        finally:
            assert_whole(domain)
    assert 5 < deaths < MOST, "it was killed often enough, and lived in the end"


@pytest.mark.parametrize("error", [Killed(), OSError(errno.ENOSPC, "No space left on device")], ids=["killed", "full"])
def test_whoever_takes_a_publication_may_break_at_any_call_to_the_disk(
    domain: Domain, ask: Ask, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    for number in range(MOST):
        breaking = Breaking(number, error)
        monkeypatch.setattr(store, "os", breaking)
        answer = None
        with contextlib.suppress(Killed):
            answer = ask()
        monkeypatch.setattr(store, "os", os)
        if answer is not None and answer.status_code >= 500:
            assert (answer.status_code, answer.json()["code"]) == (507, "NoSpaceLeft")
        assert_whole(domain)
        if not breaking.is_broken:
            break
    assert not breaking.is_broken, "it went through in the end"
    assert domain.serves(HOST.replace(".scm", "")) is not None
