"""What visitors of a slot get: its maintenance page."""

from typing import TextIO

import click

from client.api import Portal
from client.commands.options import with_json, with_slot
from client.login import read
from client.show import result


@click.group()
def maintenance() -> None:
    """Show visitors of a slot its maintenance page, or the slot again."""


@maintenance.command("on")
@click.argument("site")
@with_slot("production")
@click.option("--page", type=click.File(encoding="utf-8"), help="an HTML file to show from now on")
@click.option("--retry-after", type=click.IntRange(1), metavar="SECONDS", help="when visitors may try again")
@with_json
def on(site: str, slot: str, page: TextIO | None, retry_after: int | None, is_json: bool) -> None:
    """Begin maintenance of SITE: from now on visitors get the page and nothing else."""
    body: dict[str, object] = {"is_on": True}
    if page is not None:
        body["html"] = page.read()
    if retry_after is not None:
        body["retry_after_seconds"] = retry_after
    _set(site, slot, body, is_json=is_json)


@maintenance.command("off")
@click.argument("site")
@with_slot("production")
@with_json
def off(site: str, slot: str, is_json: bool) -> None:
    """End maintenance of SITE: visitors reach its content again."""
    _set(site, slot, {"is_on": False}, is_json=is_json)


def _set(site: str, slot: str, body: dict[str, object], *, is_json: bool) -> None:
    operation = Portal(read()).ask("PUT", f"/sites/{site}/slots/{slot}/maintenance", body)
    result(operation, [operation["message"]], is_json=is_json)
