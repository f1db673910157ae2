"""Create web sites, look at them, and publish to them."""

import tempfile
import zipfile
from pathlib import Path

import click

from client.addresses import place
from client.api import Data, Portal
from client.commands.options import SECONDS, with_json, with_slot, with_waiting
from client.exits import Ended, Exit
from client.login import read
from client.show import follow, result, say, table

LEFT_OUT = {".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__"}
"""Folders that no site needs to be sent: the portal builds what is missing."""


@click.command()
@with_json
def sites(is_json: bool) -> None:
    """List the web sites that you see."""
    found = list(Portal(read()).pages("/sites"))
    rows = [
        (slot["title"], state_of(slot), serves(slot), *slot["addresses"][:1])
        for site in found
        for slot in site["slots"]
    ]
    table(found, ("Name", "Status", "Serves", "Address"), rows, is_json=is_json)


@click.command()
@click.argument("site")
@click.option("--mode", type=click.Choice(["free", "shared", "standard"]), default="standard", show_default=True)
@click.option("--staging", "is_staged", is_flag=True, help="enable staged publishing too")
@click.option("--subscription", metavar="ID", help="needed where you may create in more than one")
@click.option("--timeout", type=click.FloatRange(1, 86_400), default=SECONDS, help="seconds to wait for each step")
@with_json
def create(site: str, mode: str, is_staged: bool, subscription: str | None, timeout: float, is_json: bool) -> None:
    """Create a web site named SITE, which serves a placeholder page until you publish."""
    if is_staged and mode != "standard":
        raise Ended(Exit.REFUSED, f"Nothing was created: a web site in {mode} mode has no staging. Leave --mode out.")
    portal = Portal(read())
    body = {"name": site, "mode": mode, "subscription": subscription}
    operation = portal.ask("POST", "/sites", {name: value for name, value in body.items() if value is not None})
    follow(portal, operation, timeout=timeout, is_json=False)
    if is_staged:
        operation = portal.ask("POST", f"{place(site)}/slots", {})
        follow(portal, operation, timeout=timeout, is_json=False)
    found = portal.get(place(site))
    result(found, [slot["addresses"][0] for slot in found["slots"]], is_json=is_json)


@click.command()
@click.argument("site")
@with_json
def status(site: str, is_json: bool) -> None:
    """Show what the slots of a web site serve. Without SITE: how this installation is."""
    portal = Portal(read())
    found = portal.get(place(site))
    lines = []
    for slot in found["slots"]:
        lines.append(f"{slot['title']}: {state_of(slot)}, serves {serves(slot)}")
        lines += [f"  {address}" for address in slot["addresses"]]
        if slot["operation"]:
            operation = portal.get(f"/operations/{slot['operation']}")
            lines.append(f"  {operation['title']} by {operation['person']}: {operation['step_title']}")
    result(found, lines, is_json=is_json)


@click.command("open")
@click.argument("site")
@with_slot("production")
def open_(site: str, slot: str) -> None:
    """Open a slot in the browser, and print its address."""
    found = Portal(read()).get(place(site, slot))
    address = found["addresses"][0]
    result(found, [address], is_json=False)
    if click.launch(address):
        say("No browser could be started here. Open the address yourself.")


@click.command()
@click.argument("site")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@with_slot("staging")
@click.option("--message", default="", help="what the deployment is called; the folder's name if you do not say")
@with_waiting
def publish(site: str, folder: Path, slot: str, message: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Publish FOLDER, or a zip, as the whole content of a slot; staging if you do not say."""
    portal = Portal(read())
    found = portal.get(place(site, slot))
    with tempfile.TemporaryDirectory(prefix="greenroom-") as scratch:
        archive = folder if folder.is_file() else zipped(folder, Path(scratch) / "content.zip")
        say(f"Sending {archive.stat().st_size / 1e6:.1f} MB to {found['title']}")
        sent = portal.publish(found["publishing_url"], archive, message or folder.resolve().name)
    operation = portal.get(f"/operations/{sent['operation']}")
    if is_waiting:
        operation = follow(portal, operation, timeout=timeout, is_json=is_json)
    if not is_json:
        result(operation, [sent["id"]], is_json=False)
    elif not is_waiting:
        result(operation, [], is_json=True)


def state_of(slot: Data) -> str:
    """What its instances do, also as a portal says it that is older than this client."""
    return str(slot.get("state") or ("running" if slot["is_running"] else "stopped"))


def serves(slot: Data) -> str:
    """What a slot serves, by message and id."""
    active = slot["deployment"]
    return f"{active['message']} ({active['id']})" if active else "the placeholder page"


def zipped(folder: Path, target: Path) -> Path:
    """The files of a folder as a zip; links are left out. Raises Ended for an empty folder."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and not path.is_symlink() and not LEFT_OUT & set(inside.parts):
                archive.write(path, inside)
    if not archive.namelist():
        raise Ended(Exit.REFUSED, f"{folder} has no file to publish, so nothing was sent.")
    return target
