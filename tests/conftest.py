"""What holds for all tests: the fast ones first, and the long ones only when asked for."""

import gc
from pathlib import Path

import hypothesis
import pytest

from tests.changed import ROOT
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
LONG_FILES = (
    "tests/sites/api/test_description.py",
    "tests/portal/test_every_address.py",
    "tests/sites/test_model.py",
    "tests/sites/operations/test_every_kind.py",
    "tests/sites/services/test_what_travels.py",
    "tests/live/test_up.py",
    "tests/live/test_faults.py",
    "tests/live/test_axe.py",
    "tests/live/test_postgres.py",
    "tests/live/test_limits.py",
    "tests/live/test_broken_production.py",
    "tests/live/test_former_addresses.py",
    "tests/live/test_sign_in.py",
    "tests/live/test_source_control.py",
    "tests/live/test_swap.py",
    "tests/live/test_readme.py",
    "tests/live/test_scale.py",
    "tests/live/test_crowd.py",
)
"""The longest first, so that none of them is begun when everything else has ended."""
hypothesis.settings.register_profile("long", max_examples=100, stateful_step_count=30, **IN_BOTH)


@pytest.fixture
def domain(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Domain:
    """An installation in memory."""
    return make_domain(tmp_path, monkeypatch)


class FailuresAtOnce:
    """Says what failed when it fails, and not only at the end of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._plugins.getplugin("terminalreporter")  # a process of xdist has none
        if report.failed and terminal is not None:
            message = getattr(getattr(report.longrepr, "reprcrash", None), "message", "")
            terminal.ensure_newline()
            terminal.write_line(f"FAILED {report.nodeid} {message.partition(chr(10))[0]}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `./greenroom test` and `tests.on_postgresql` ask for."""
    parser.addoption("--all", action="store_true", help="run the long tests too")
    parser.addoption("--database-only", action="store_true", help="run only tests that use the database")


def pytest_configure(config: pytest.Config) -> None:
    """Marks beside those of pyproject.toml."""
    if not config.getoption("--hypothesis-profile"):
        hypothesis.settings.load_profile("long" if config.getoption("--all") else "short")
    config.addinivalue_line("markers", "long: takes minutes; runs with --all only")
    config.pluginmanager.register(FailuresAtOnce(config))
    gc.set_threshold(20_000, 20, 50)  # Django and thousands of tests are many objects, and nearly none of them goes


def pytest_collection_finish() -> None:
    """What is there now stays, and is not looked through again."""
    gc.collect()
    gc.freeze()


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


def _turn(item: pytest.Item) -> tuple[bool, int]:
    """Fast before live, and in both what tells of the house first, then long files, and then the others."""
    path = item.path.relative_to(ROOT).as_posix()
    if item.path.parent == ROOT / "tests":
        place = 0
    else:
        place = 1 + LONG_FILES.index(path) if path in LONG_FILES else len(LONG_FILES) + 1
    return item.get_closest_marker("live") is not None, place
