"""What is said of an instance that runs and does not listen on its port, and how long is waited for it."""

from datetime import timedelta

import pytest

from sites.general_settings import START_SECONDS
from sites.models import Category, Operation
from sites.models.clock import now
from sites.services.settings import Entry
from tests.domain import Domain

HAVE_IT = "Have it listen on 0.0.0.0:$PORT"


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        ([], "; it listens nowhere. It must listen on 0.0.0.0:$PORT; if it needs longer, raise its time to start"),
        (["127.0.0.1:8080"], f"; it listens on 127.0.0.1:8080, where only itself reaches it. {HAVE_IT}"),
        (["127.0.0.1:5000"], f"; it listens on 127.0.0.1:5000. {HAVE_IT}; $PORT is 8080"),
        (["0.0.0.0:3000", "[::1]:9"], f"; it listens on 0.0.0.0:3000 and [::1]:9. {HAVE_IT}; $PORT is 8080"),
    ],
)
def test_where_it_listens_instead_is_said(domain: Domain, addresses: list[str], said: str) -> None:
    operation = publish_silent(domain)
    revision = operation.changes.get().prepared
    domain.runtime.listeners[revision.pk, 0] = addresses
    pass_seconds(operation, 121)
    domain.work(operation)
    assert (operation.state, operation.error_code) == ("failed", "InstanceNotStarted")
    assert f"did not listen on its port within 120 s{said}" in operation.outcome


def test_the_time_to_start_is_a_setting(domain: Domain) -> None:
    operation = publish_silent(domain, Entry(START_SECONDS, "300"))
    pass_seconds(operation, 200)
    domain.look(operation)
    assert operation.is_open
    pass_seconds(operation, 301)
    domain.work(operation)
    assert "within 300 s" in operation.outcome


def publish_silent(domain: Domain, *general: Entry) -> Operation:
    """A publication whose instance runs and is not seen to listen."""
    slot = domain.create().slots.get()
    if general:
        domain.save(slot, *general, category=Category.GENERAL)
    domain.runtime.silent = lambda _revision_id: True
    operation = domain.ask_to_publish(slot, "two")
    while operation.step != "starting":
        domain.look(operation)
    return operation


def pass_seconds(operation: Operation, seconds: float) -> None:
    Operation.objects.filter(pk=operation.pk).update(step_at=now() - timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        (1, "ModuleNotFoundError: No module named 'flask'", "'flask' is not installed: name it in requirements.txt"),
        (1, "Error: Cannot find module 'express'", "'express' is not installed: name it in package.json"),
        (1, "KeyError: 'SECRET_KEY'", "the variable SECRET_KEY is not set: add it to the app settings"),
        (1, "OSError: [Errno 30] Read-only file system: 'x.db'", "it may not write to 'x.db'; add a persistent folder"),
        (126, "/bin/sh: 1: exec: ./serve: Permission denied", "(what it was to run is not executable) before"),
        (127, "/bin/sh: 1: exec: ./serve: not found", "'./serve' is not there, or its first line names a program"),
    ],
)
def test_what_an_instance_wrote_last_is_explained(domain: Domain, code: int, line: str, said: str) -> None:
    slot = domain.create().slots.get()
    operation = domain.ask_to_publish(slot, "two")
    domain.runtime.ill = lambda _revision_id: code
    domain.runtime.log_tail = lambda *_, lines: [line]
    domain.work(operation)
    assert (operation.state, operation.error_code) == ("failed", "InstanceNotStarted")
    assert said in operation.outcome
