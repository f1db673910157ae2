"""Swaps as the tests of the portal's pages begin with them: prepared, and done."""

import re

import pytest
from django.test import Client

from sites.models import Operation, OperationState, Site
from sites.services.settings import Entry
from tests.domain import Domain
from tests.portal.conftest import HTMX

SLOT = "/sites/contoso/staging/"


def latest(domain: Domain, state: OperationState = OperationState.SUCCEEDED) -> Operation:
    """The last operation, taken as far as it goes by itself."""
    operation = Operation.objects.latest("pk")
    if state == OperationState.WAITING:
        domain.look(operation)
    else:
        domain.work(operation)
    assert operation.state == state, operation.outcome
    return operation


def states(page: str) -> list[str]:
    """What a dialog sends of the state that it began from, and of the one that a person may put his over."""
    return re.findall(r'name="state" value="([^"]+)"', page)


def text(answer: object) -> str:
    """A page with its apostrophes."""
    return answer.content.decode().replace("&#x27;", "'")


@pytest.fixture
def prepared(domain: Domain, contoso: Site, alice: Client) -> Operation:
    """A swap that Alice has prepared."""
    assert alice.post(f"{SLOT}swap/", {"preview": "1"}, headers=HTMX).status_code == 200
    return latest(domain, OperationState.WAITING)


@pytest.fixture
def swapped(domain: Domain, contoso: Site, alice: Client) -> Operation:
    """A swap that is done."""
    alice.post(f"{SLOT}swap/", headers=HTMX)
    return latest(domain)


def swap_with_new_instances(domain: Domain, site: Site, alice: Client) -> Operation:
    """A swap between slots with a setting of their own, which keeps the former instances for a roll-back."""
    for slot in site.slots.all():
        domain.save(slot, Entry("PLACE", slot.name, is_sticky=True))
    alice.post(f"{SLOT}swap/", headers=HTMX)
    return latest(domain)
