"""What an application wrote, and what it goes on writing."""

import json
import time
from contextlib import suppress

import click

from client.addresses import place
from client.api import Data, Portal
from client.commands.options import with_json, with_slot
from client.login import read
from client.show import result

PACE_SECONDS = 1.0


@click.command()
@click.argument("site")
@with_slot("production")
@click.option("-f", "--follow", "is_following", is_flag=True, help="keep showing new lines until Ctrl-C")
@click.option("-n", "--lines", type=click.IntRange(1, 5000), default=100, help="how many of the last lines")
@click.option("--filter", "words", default="", help="only lines that contain these words")
@click.option("--requests", "is_requests", is_flag=True, help="the web server log: one line for each request")
@with_json
def logs(site: str, slot: str, is_following: bool, lines: int, words: str, is_requests: bool, is_json: bool) -> None:
    """Show the log of a slot: time, deployment, revision and instance, text. With --json: one object a line."""
    portal = Portal(read())
    path = f"{place(site, slot)}/logs"
    asked = {"log": "requests" if is_requests else None, "filter": words or None}
    found = portal.get(path, lines=lines, **asked)
    _show(found, is_json=is_json)
    with suppress(KeyboardInterrupt):  # the usual end
        while is_following:
            time.sleep(PACE_SECONDS)
            found = portal.get(path, after=found["next"] or "-", **asked)
            _show(found, is_json=is_json)


def _show(found: Data, *, is_json: bool) -> None:
    for line in found["lines"]:
        whole = json.dumps(line) if is_json else " ".join(line.values())
        result(line, [whole], is_json=False)
