"""A name is one step of an address, whatever is in it."""

from collections.abc import Callable

import pytest

from client.exits import Exit
from tests.client.conftest import InProcess

Run = Callable[..., int]


@pytest.mark.parametrize("name", ["contoso/../contoso", "..", ".", "", "contoso?x", "contoso#x", "contoso%2f"])
def test_no_other_name_leads_to_a_web_site(greenroom: Run, name: str) -> None:
    assert greenroom("status", name) == Exit.REFUSED
    assert greenroom("settings", "get", "contoso", "--slot", name) == Exit.REFUSED


@pytest.mark.parametrize("name", [".", ".."])
def test_a_rule_is_not_looked_for_above_the_rules(greenroom: Run, wire: InProcess, name: str) -> None:
    assert greenroom("alerts", "remove", "contoso", name) == Exit.REFUSED
    assert wire.asked == []
