"""App settings of a slot."""

import json
from typing import TextIO

import click

from client.addresses import place
from client.api import Portal
from client.app_settings import AppSetting, differences, read_file
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
    found = Portal(read()).get(f"{place(site, slot)}/settings", reveal="true" if reveal else None)
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
    _save(site, slot, changes, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


@settings.command()
@click.argument("site")
@with_slot("production")
def export(site: str, slot: str) -> None:
    """Print the app settings with their values, which is recorded, as JSON that import takes."""
    found = _read(Portal(read()), site, slot)
    click.echo(json.dumps([one.as_data() for one in found.values()], indent=2))


@settings.command("import")
@click.argument("site")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@with_slot("production")
@click.option("--replace", "is_whole", is_flag=True, help="remove the app settings that FILE does not name")
@with_waiting
def import_(
    site: str, file: TextIO, slot: str, is_whole: bool, is_waiting: bool, timeout: float, is_json: bool
) -> None:
    """Set the app settings of FILE (- is standard input): a list of objects with name, value and slotSetting."""
    wanted = read_file(file.read())
    changes: dict[str, object] = {
        one.name: {"value": one.value} | ({} if one.is_sticky is None else {"is_sticky": one.is_sticky})
        for one in wanted.values()
    }
    if is_whole:
        changes |= {name: None for name in _read(Portal(read()), site, slot) if name not in wanted}
    if not changes:
        raise Ended(Exit.REFUSED, "FILE names no app setting, so nothing was changed.")
    _save(site, slot, changes, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


@settings.command("copy")
@click.argument("site")
@click.argument("name")
@with_slot("production")
@click.option("--from", "source", default="staging", help="the slot that has the value")
@with_waiting
def copy_(site: str, name: str, slot: str, source: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Give a slot the value that another slot has for one app setting."""
    portal = Portal(read())
    body = {"from_slot": source, "category": "app_settings", "name": name}
    thing = f"app setting '{name}' in its slot '{source}' to copy to its slot '{slot}'"
    answer = portal.ask("POST", f"{place(site, slot)}/settings/copy", body, thing=thing)
    if is_waiting:
        follow(portal, answer, timeout=timeout, is_json=is_json)
    else:
        result(answer, [answer["url"]], is_json=is_json)


@settings.command()
@click.argument("site")
@click.argument("file", type=click.File(encoding="utf-8-sig"), required=False)
@with_slot("staging")
@click.option("--with", "other", default="production", help="the slot to compare with, where no FILE is given")
@click.option("--values", "is_revealing", is_flag=True, help="show the values that differ")
def diff(site: str, file: TextIO | None, slot: str, other: str, is_revealing: bool) -> None:
    """Compare the app settings of a slot with FILE or with another slot. The comparison reads values and is recorded.

    Lines begin with - for what only the slot has, + for what only the other side has, and ~ for what differs.
    """
    portal = Portal(read())
    here = _read(portal, site, slot)
    there = read_file(file.read()) if file is not None else _read(portal, site, other)
    lines = differences(here, there, is_revealing=is_revealing)
    result(None, lines, is_json=False)
    if not lines:
        say("Nothing differs.")


def _read(portal: Portal, site: str, slot: str) -> dict[str, AppSetting]:
    entries = portal.get(f"{place(site, slot)}/settings", reveal="true")["entries"]["app_settings"]
    return {one["name"]: AppSetting(one["name"], one["value"], one["is_sticky"]) for one in entries}


def _save(site: str, slot: str, changes: dict[str, object], *, is_waiting: bool, timeout: float, is_json: bool) -> None:
    portal = Portal(read())
    answer = portal.ask("PATCH", f"{place(site, slot)}/settings", {"app_settings": changes})
    if "entries" in answer:
        say("Nothing differs, so nothing was changed.")
        result(answer, [], is_json=is_json)
    elif is_waiting:
        follow(portal, answer, timeout=timeout, is_json=is_json)
    else:
        result(answer, [answer["url"]], is_json=is_json)
