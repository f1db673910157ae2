"""Repositories in a folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.sites.repositories.server import Server


@pytest.fixture
def server(tmp_path: Path, settings: Settings, fake_runtime: None) -> Server:
    return Server(tmp_path, settings)


@pytest.fixture
def fake_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing runs in a sandbox here, so nothing has to be ended there."""

    class Nothing:
        def end_run(self, run_id: str) -> None:
            pass

    for module in ("job", "place"):
        monkeypatch.setattr(f"sites.repositories.{module}.get_runtime", Nothing)
    yield
