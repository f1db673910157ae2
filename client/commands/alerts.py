"""Alert rules of a slot, and a try of whether anybody would be told."""

import click

from client.addresses import place, step
from client.api import Data, Portal
from client.commands.options import with_json, with_slot, with_waiting
from client.commands.targets import send_tests
from client.exits import Ended, Exit
from client.login import read
from client.show import end, table

FIRED = "alert.fired"
STANDS = {
    "quiet": "quiet",
    "met": "met, not for long enough yet",
    "fired": "fired",
    "ending": "fired, not met any more",
}


@click.group()
def alerts() -> None:
    """List, add, remove and try the alert rules of a slot."""


@alerts.command("list")
@click.argument("site")
@with_slot("production")
@with_json
def list_rules(site: str, slot: str, is_json: bool) -> None:
    """List the rules in force, and how each stands."""
    found = Portal(read()).listed(f"{place(site, slot)}/alert-rules")
    rows = [(one["name"], one["rule"], STANDS[one["state"]], (one["since"] or "")[:19]) for one in found]
    table(found, ("Name", "Rule", "State", "Since"), rows, is_json=is_json)


@alerts.command()
@click.argument("site")
@click.argument("name")
@click.argument("rule")
@with_slot("production")
@with_waiting
def add(site: str, name: str, rule: str, slot: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Add a rule, or replace the one of that NAME: alerts add SITE Errors '5xx above 20 for 5 min'."""
    portal = Portal(read())
    operation = portal.ask("PUT", _address(site, slot, name), {"rule": rule})
    end(portal, operation, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


@alerts.command()
@click.argument("site")
@click.argument("name")
@with_slot("production")
@with_waiting
def remove(site: str, name: str, slot: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Remove the rule NAME. What it has fired is over."""
    portal = Portal(read())
    operation = portal.ask("DELETE", _address(site, slot, name), thing=f"alert rule '{name}' in its slot '{slot}'")
    end(portal, operation, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


@alerts.command()
@click.argument("site")
@click.option("--timeout", type=click.FloatRange(1, 3600), default=60.0, help="seconds to wait for answers at most")
@with_json
def test(site: str, timeout: float, is_json: bool) -> None:
    """Send a test to every target that is told of alerts of SITE, and say which of them took it."""
    portal = Portal(read())
    found = portal.get(place(site))
    told = [one for one in portal.pages("/event-targets") if _is_told(one, found)]
    if not told:
        what = f"Nobody is told of alerts of '{found['name']}', so nothing was sent."
        raise Ended(Exit.REFUSED, f"{what} Add a target: greenroom targets add TITLE ADDRESS --site {found['name']}")
    send_tests(portal, told, timeout=timeout, is_json=is_json)


def _is_told(target: Data, site: Data) -> bool:
    is_about_it = target["subscription"] == site["subscription"]["id"] and target["site"] in (None, site["name"])
    return is_about_it and target["is_enabled"] and FIRED in target["types"]


def _address(site: str, slot: str, name: str) -> str:
    return f"{place(site, slot)}/alert-rules/{step(name)}"
