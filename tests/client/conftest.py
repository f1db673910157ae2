"""The client, whose requests reach the portal of the fast tests in this process."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client
from requests.adapters import BaseAdapter
from requests.models import PreparedRequest, Response

from client import api, main
from sites.models import Operation, Slot
from tests.domain import Domain
from tests.sites.api.program import program_of

SERVER = "http://localhost:8080"


class InProcess(BaseAdapter):
    """Django answers; before a look at an operation a worker takes it to its end."""

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self.domain = domain
        self.asked: list[str] = []
        self.before: list[Callable[[], None]] = []
        """What happens before the next requests: each once."""

    def send(self, request: PreparedRequest, *args: Any, **more: Any) -> Response:
        if self.before:
            self.before.pop(0)()
        self.asked.append(f"{request.method} {request.path_url}")
        if "wait=" in request.path_url:
            self.work()
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        kind = request.headers.get("Content-Type", "application/octet-stream")
        headers = {"Host": "localhost:8080", **request.headers}
        told = Client().generic(request.method, request.path_url, body, content_type=kind, headers=headers)
        answer = Response()
        answer.status_code, answer.raw, answer.request = told.status_code, io.BytesIO(told.content), request
        answer.headers.update(told.headers)
        return answer

    def work(self) -> None:
        for operation in Operation.objects.filter(state__in=Operation.WORKING):
            for _ in range(20):
                if self.domain.look(operation).state not in Operation.WORKING:
                    break

    def close(self) -> None:
        pass


@pytest.fixture
def wire(domain: Domain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> InProcess:
    """Alice has a token in the environment, and every request of the client goes here."""
    wire = InProcess(domain)

    class Session(requests.Session):
        def get_adapter(self, url: str) -> BaseAdapter:
            assert url.startswith(SERVER)
            return wire

    monkeypatch.setattr(api.requests, "Session", Session)
    monkeypatch.setattr(api, "PAUSE_SECONDS", 0.0)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("GREENROOM_SERVER", SERVER)
    monkeypatch.setenv("GREENROOM_TOKEN", program_of(domain.alice).token)
    return wire


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    return domain.staged()


@pytest.fixture
def greenroom(wire: InProcess, slots: tuple[Slot, Slot]) -> Callable[..., int]:
    """Run a command; returns its exit code."""
    return lambda *arguments: main.run(arguments)
