"""Who may visit a slot, and its maintenance page."""

from typing import TextIO

import click

from client.addresses import place
from client.api import Portal
from client.commands.options import with_json, with_slot
from client.exits import Ended, Exit
from client.login import read
from client.show import result

RULES = ("everybody", "sign-in", "password", "refused")


@click.command()
@click.argument("site")
@click.option("--slot", default="staging", help="which slot; staging if you do not say")
@click.option("--others", type=click.Choice(RULES), help="what becomes of visitors from none of the addresses")
@click.option("--address", "addresses", multiple=True, help="an address or network that is let in; repeat it for more")
@click.option("--password-file", type=click.File(encoding="utf-8"), help="the password for visitors; - is the input")
@with_json
def visitors(
    site: str, slot: str, others: str | None, addresses: tuple[str, ...], password_file: TextIO | None, is_json: bool
) -> None:
    """Show who may visit a slot of SITE; with --others, say who may from now on."""
    portal, path = Portal(read()), f"{place(site, slot)}/visitors"
    if others is None:
        if addresses or password_file:
            raise Ended(Exit.REFUSED, "Say with --others who else may visit; nothing was changed.")
        found = portal.get(path)
        result(found, [f"others: {found['others']}", *found["addresses"]], is_json=is_json)
        return
    body: dict[str, object] = {"others": others, "addresses": list(addresses)}
    if password_file is not None:
        body["password"] = password_file.read().rstrip("\r\n")
    operation = portal.ask("PUT", path, body)
    result(operation, [operation["message"]], is_json=is_json)


@click.group()
def maintenance() -> None:
    """Show visitors of a slot its maintenance page, or the slot again."""


@maintenance.command("on")
@click.argument("site")
@with_slot("production")
@click.option("--page", type=click.File(encoding="utf-8"), help="an HTML file to show from now on")
@click.option("--address", "addresses", multiple=True, help="from where visitors still reach the content")
@click.option("--retry-after", type=click.IntRange(1), metavar="SECONDS", help="when visitors may try again")
@with_json
def on(
    site: str, slot: str, page: TextIO | None, addresses: tuple[str, ...], retry_after: int | None, is_json: bool
) -> None:
    """Begin maintenance of SITE: from now on visitors get the page and nothing else."""
    body: dict[str, object] = {"is_on": True}
    if page is not None:
        body["html"] = page.read()
    if retry_after is not None:
        body["retry_after_seconds"] = retry_after
    if addresses:
        body["addresses"] = list(addresses)
    _set(site, slot, body, is_json=is_json)


@maintenance.command("off")
@click.argument("site")
@with_slot("production")
@with_json
def off(site: str, slot: str, is_json: bool) -> None:
    """End maintenance of SITE: visitors reach its content again."""
    _set(site, slot, {"is_on": False}, is_json=is_json)


def _set(site: str, slot: str, body: dict[str, object], *, is_json: bool) -> None:
    operation = Portal(read()).ask("PUT", f"{place(site, slot)}/maintenance", body)
    result(operation, [operation["message"]], is_json=is_json)
