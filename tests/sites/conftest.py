"""Fixtures of the domain's fast tests."""

from pathlib import Path

import pytest

from tests.domain import Domain, make_domain


@pytest.fixture
def domain(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Domain:
    """An installation in memory."""
    return make_domain(tmp_path, monkeypatch)
