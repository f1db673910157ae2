"""Web endpoints of a slot: addresses that the portal asks regularly."""

import click

from client.addresses import place
from client.api import Portal
from client.commands.options import with_json, with_slot, with_waiting
from client.login import read
from client.show import end, result, say, table

NUMBER = click.IntRange(1, 2)


@click.group()
def endpoints() -> None:
    """List, set and remove the web endpoints of a slot."""


@endpoints.command("list")
@click.argument("site")
@with_slot("production")
@with_json
def list_endpoints(site: str, slot: str, is_json: bool) -> None:
    """List the web endpoints, and what the last check of each found."""
    found = Portal(read()).listed(f"{place(site, slot)}/endpoints")
    rows = [
        (
            str(one["number"]),
            one["url"],
            one["health"],
            "" if one["status"] is None else str(one["status"]),
            "" if one["milliseconds"] is None else f"{one['milliseconds']} ms",
            one["fault"],
        )
        for one in found
    ]
    table(found, ("Number", "Address", "Health", "Status", "Time", "Why"), rows, is_json=is_json)


@endpoints.command("set")
@click.argument("site")
@click.argument("number", type=NUMBER)
@click.argument("address")
@with_slot("production")
@with_waiting
def set_(site: str, number: int, address: str, slot: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Have ADDRESS asked once a minute as the web endpoint NUMBER, 1 or 2."""
    _save(site, slot, number, address, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


@endpoints.command()
@click.argument("site")
@click.argument("number", type=NUMBER)
@with_slot("production")
@with_waiting
def remove(site: str, number: int, slot: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Remove the web endpoint NUMBER."""
    _save(site, slot, number, None, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


def _save(
    site: str, slot: str, number: int, address: str | None, *, is_waiting: bool, timeout: float, is_json: bool
) -> None:
    portal = Portal(read())
    asked = {"monitoring": {f"endpoint_{number}": address}}
    answer = portal.ask("PATCH", f"{place(site, slot)}/settings", asked)
    if "entries" in answer:
        say("It was so already, so nothing was changed.")
        result(answer, [], is_json=is_json)
    else:
        end(portal, answer, is_waiting=is_waiting, timeout=timeout, is_json=is_json)
