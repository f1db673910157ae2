"""A command, run once in the sandbox of a slot, as its application would run it."""

import shlex
import time

import click

from client.addresses import place
from client.api import Data, Portal
from client.commands.options import with_slot
from client.exits import INTERRUPTED, Ended
from client.login import read
from client.show import result

PACE_SECONDS = 1.0
WITHOUT_CODE = 1


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("site")
@with_slot("production")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(site: str, slot: str, command: tuple[str, ...]) -> None:
    """Run a command once and print what it writes: greenroom run SITE -- python manage.py migrate.

    It has nothing to read. Ends with the command's own exit code. Ctrl-C has it stopped.
    """
    portal = Portal(read())
    path = f"{place(site, slot)}/commands"
    begun = portal.ask("POST", path, {"command": shlex.join(command)})
    one = f"{path}/{begun['id']}"
    try:
        ended = _follow(portal, one)
    except KeyboardInterrupt:
        portal.ask("POST", f"{one}/stop")
        raise Ended(INTERRUPTED, "The command is stopped.") from None
    if ended["exit_code"] != 0:
        raise Ended(ended["exit_code"] or WITHOUT_CODE, f"The command {ended['how']}.")


def _follow(portal: Portal, path: str) -> Data:
    position = ""
    while True:
        found = portal.get(path, after=position or None)
        result(found, found["output"].splitlines(), is_json=False)
        position = found["next"]
        if not found["command"]["is_open"] and not found["output"]:
            return dict(found["command"])
        if not found["output"]:
            time.sleep(PACE_SECONDS)
