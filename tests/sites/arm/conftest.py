"""The cast in memory, with a client of Azure."""

import pytest

from sites.models import Slot
from tests.domain import Domain
from tests.sites.arm.client import Azure, azure_of


@pytest.fixture
def azure(domain: Domain) -> Azure:
    """Alice's, for everything."""
    return azure_of(domain)


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    """'one' in production and 'two' in staging of contoso."""
    return domain.staged()
