"""The cast in memory, each with a program."""

import pytest

from sites.models import Slot
from tests.domain import Domain
from tests.sites.api.program import Program, program_of


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    """'one' in production and 'two' in staging of contoso."""
    return domain.staged()


@pytest.fixture
def program(domain: Domain) -> Program:
    """Alice's, for everything."""
    return program_of(domain.alice)
