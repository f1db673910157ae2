"""One machine for all its tests, and what was asked for on the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine.image import default_cache, image
from tests.machine.machine import Machine


def pytest_addoption(parser: pytest.Parser) -> None:
    """`./greenroom test --machine`."""
    group = parser.getgroup("machine")
    group.addoption("--cache", type=Path, default=default_cache(), help="folder of the image (%(default)s)")
    group.addoption("--cpus", type=int, default=1, help="processors of the machine (%(default)s)")


@pytest.fixture(scope="session")
def machine(pytestconfig: pytest.Config) -> Iterator[Machine]:
    """It runs with this checkout in it."""
    machine = Machine(image(pytestconfig.getoption("--cache")), processors=pytestconfig.getoption("--cpus"))
    try:
        machine.boot()
        yield machine
    finally:
        machine.close()
