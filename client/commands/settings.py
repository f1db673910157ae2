"""App settings of a slot."""

import click

from client.api import Portal
from client.commands.options import with_json, with_slot, with_waiting
from client.exits import Ended, Exit
from client.login import read
from client.show import follow, result, say, table

HIDDEN = "(hidden)"


@click.group()
def settings() -> None:
    """Show and change the app settings of a slot."""


@settings.command()
@click.argument("site")
@with_slot("production")
@click.option("--reveal", is_flag=True, help="show the values too, which is recorded")
@with_json
def get(site: str, slot: str, reveal: bool, is_json: bool) -> None:
    """List the app settings."""
    found = Portal(read()).get(f"/sites/{site}/slots/{slot}/settings", reveal="true" if reveal else None)
    rows = [
        (one["name"], HIDDEN if one["value"] is None else one["value"], "slot setting" if one["is_sticky"] else "")
        for one in found["entries"]["app_settings"]
    ]
    table(found, ("Name", "Value", ""), rows, is_json=is_json)


@settings.command("set")
@click.argument("site")
@click.argument("pairs", nargs=-1, required=True, metavar="NAME=VALUE...")
@with_slot("production")
@click.option("--sticky/--not-sticky", "is_sticky", default=None, help="whether the names stay with their slot")
@with_waiting
def set_(
    site: str,
    pairs: tuple[str, ...],
    slot: str,
    is_sticky: bool | None,
    is_waiting: bool,
    timeout: float,
    is_json: bool,
) -> None:
    """Set app settings; others stay as they are. NAME= sets an empty value, and NAME alone removes it."""
    changes: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name:
            raise Ended(Exit.REFUSED, f"'{pair}' has no name, so nothing was saved. Write NAME=VALUE.")
        entry = {"value": value} | ({} if is_sticky is None else {"is_sticky": is_sticky})
        changes[name] = entry if equals else None
    portal = Portal(read())
    answer = portal.ask("PATCH", f"/sites/{site}/slots/{slot}/settings", {"app_settings": changes})
    if "entries" in answer:
        say("Nothing differs, so nothing was changed.")
        result(answer, [], is_json=is_json)
    elif is_waiting:
        follow(portal, answer, timeout=timeout, is_json=is_json)
    else:
        result(answer, [answer["url"]], is_json=is_json)
