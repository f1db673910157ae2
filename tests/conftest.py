"""What holds for all tests: the fast ones first, and the long ones only when asked for."""

from pathlib import Path

import hypothesis
import pytest

from tests.domain import Domain, make_domain

IN_BOTH = {"deadline": None, "suppress_health_check": list(hypothesis.HealthCheck)}
hypothesis.settings.register_profile(
    "short",
    max_examples=5,
    stateful_step_count=20,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.generate],
    **IN_BOTH,
)
hypothesis.settings.register_profile("long", max_examples=100, stateful_step_count=30, **IN_BOTH)


@pytest.fixture
def domain(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Domain:
    """An installation in memory."""
    return make_domain(tmp_path, monkeypatch)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `./greenroom test` and `tests.on_postgresql` ask for."""
    parser.addoption("--all", action="store_true", help="run the long tests too")
    parser.addoption("--database-only", action="store_true", help="run only tests that use the database")


def pytest_configure(config: pytest.Config) -> None:
    """Marks beside those of pyproject.toml."""
    if not config.getoption("--hypothesis-profile"):
        hypothesis.settings.load_profile("long" if config.getoption("--all") else "short")
    config.addinivalue_line("markers", "long: takes minutes; runs with --all only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Fast before live; long ones, benchmarks and the machine only when they were asked for."""
    left_out = []
    if not config.getoption("--all"):
        left_out += [item for item in items if item.get_closest_marker("long")]
    for mark in ("benchmark", "machine", "applications", "azure"):
        if mark not in config.getoption("-m"):
            left_out += [item for item in items if item.get_closest_marker(mark) and item not in left_out]
    if config.getoption("--database-only"):
        left_out += [item for item in items if not _uses_database(item) and item not in left_out]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    kept = [item for item in items if item not in left_out]
    items[:] = sorted(kept, key=_turn)


def _uses_database(item: pytest.Item) -> bool:
    is_user = "db" in item.fixturenames or item.get_closest_marker("django_db") is not None
    return is_user and item.get_closest_marker("one_database") is None


def _turn(item: pytest.Item) -> int:
    """Fast, then live, and last what kills parts of the system that live tests share and leaves failures behind."""
    if item.get_closest_marker("live") is None:
        return 0
    return 2 if item.path.name == "test_faults.py" else 1
