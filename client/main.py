"""The commands of the remote client together."""

from collections.abc import Sequence

import click

from client.commands.alerts import alerts
from client.commands.domains import certificates, domains, scale
from client.commands.endpoints import endpoints
from client.commands.events import events
from client.commands.files import apply, export, plan
from client.commands.logs import logs
from client.commands.run import run as run_command
from client.commands.sessions import login, logout
from client.commands.settings import settings
from client.commands.sites import create, open_, publish, sites, status
from client.commands.swaps import cancel, complete, rollback, swap
from client.commands.targets import targets
from client.commands.visitors import maintenance, visitors
from client.exits import INTERRUPTED, MEANINGS, Ended, Exit
from client.show import say

CODES = "\b\nExit codes:\n" + "\n".join(f"  {code.value}  {said}" for code, said in MEANINGS.items())


@click.group(epilog=CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def greenroom() -> None:
    """Ask a portal of Greenroom for what people do there: publish, look, swap, roll back."""


_OF_SITES = (sites, create, status, open_, publish, logs, settings, maintenance, visitors)
_OF_SWAPS = (swap, complete, cancel, rollback)
_OF_SLOTS = (run_command, domains, certificates, scale, alerts, endpoints, export, plan, apply)
for command in (login, logout, events, targets, *_OF_SITES, *_OF_SWAPS, *_OF_SLOTS):
    greenroom.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code."""
    try:
        greenroom.main(list(arguments), prog_name="greenroom", standalone_mode=False)
    except Ended as ended:
        say(str(ended))
        return int(ended.code)
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("Stopped here.")
        return INTERRUPTED
    return int(Exit.DONE)
