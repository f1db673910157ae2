"""A staged site for the tests of its pages."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from sites.models import Slot
from tests.domain import Domain

Address = Callable[..., str]


@pytest.fixture
def staged(domain: Domain) -> tuple[Slot, Slot]:
    """contoso with 'one' in production and 'two' in staging."""
    return domain.staged()


@pytest.fixture
def production(staged: tuple[Slot, Slot]) -> Slot:
    """Its production slot."""
    return staged[0]


@pytest.fixture
def staging(staged: tuple[Slot, Slot]) -> Slot:
    """Its staging slot."""
    return staged[1]


@pytest.fixture
def address() -> Address:
    """The address of a page of a slot: `address("dashboard", slot)`."""

    def of(tab: str, slot: Slot, *more: object) -> str:
        return reverse(f"site-{tab}", args=[slot.site.name, slot.name, *more])

    return of
