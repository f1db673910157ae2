"""Swap, complete or cancel what is prepared, roll back."""

import click

from client.addresses import place
from client.api import Data, Portal
from client.commands.options import with_slot, with_waiting
from client.exits import Ended, Exit
from client.login import read
from client.show import follow, result, say


@click.command()
@click.argument("site")
@with_slot(None)
@click.option("--preview", "is_preview", is_flag=True, help="prepare the swap only, until complete or cancel")
@click.option("--if-staging", metavar="ID", help="swap only if the staging slot serves this deployment")
@with_waiting
def swap(
    site: str,
    slot: str | None,
    is_preview: bool,
    if_staging: str | None,
    is_waiting: bool,
    timeout: float,
    is_json: bool,
) -> None:
    """Swap production of SITE with its staging slot."""
    portal = Portal(read())
    body = {"slot": slot, "preview": is_preview, "if_staging": if_staging}
    operation = portal.ask("POST", f"{place(site)}/swap", {k: v for k, v in body.items() if v is not None})
    _end(portal, operation, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


@click.command()
@click.argument("site")
@with_waiting
def complete(site: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Complete the swap of SITE that is prepared."""
    portal = Portal(read())
    operation = portal.ask("POST", f"/operations/{_pending(portal, site)['id']}/complete")
    _end(portal, operation, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


@click.command()
@click.argument("site")
@with_waiting
def cancel(site: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Cancel what is prepared or goes on at SITE; nothing that was switched is undone."""
    portal = Portal(read())
    operation = portal.ask("POST", f"/operations/{_pending(portal, site)['id']}/cancel")
    try:
        _end(portal, operation, is_waiting=is_waiting, timeout=timeout, is_json=is_json)
    except Ended as ended:
        if ended.code != Exit.CANCELLED:
            raise
        say(str(ended))


@click.command()
@click.argument("site")
@click.option(
    "--version",
    type=click.Choice(["present", "unaltered"]),
    help="what production gets, where staging was altered since the swap",
)
@with_waiting
def rollback(site: str, version: str | None, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Roll the last swap of SITE back."""
    portal = Portal(read())
    operation = portal.ask("POST", f"{place(site)}/rollback", {"version": version} if version else {})
    _end(portal, operation, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


def _pending(portal: Portal, site: str) -> Data:
    """The open operation of the site's slots. Raises Ended when there is none."""
    found = next((slot["operation"] for slot in portal.get(place(site))["slots"] if slot["operation"]), None)
    if found is None:
        raise Ended(Exit.REFUSED, f"No operation runs at '{site}' and nothing is prepared, so nothing was changed.")
    return portal.get(f"/operations/{found}")


def _end(portal: Portal, operation: Data, *, is_waiting: bool, timeout: float, is_json: bool) -> None:
    if is_waiting:
        follow(portal, operation, timeout=timeout, is_json=is_json)
    else:
        result(operation, [operation["url"]], is_json=is_json)
