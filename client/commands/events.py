"""What happened, and what happens from now on."""

import json
import time
from contextlib import suppress

import click

from client.api import Data, Portal
from client.commands.options import with_json
from client.login import read
from client.show import result

PACE_SECONDS = 2.0
AT_ONCE = 100


@click.command()
@click.argument("site", required=False)
@click.option("-f", "--follow", "is_following", is_flag=True, help="show what happens from now on, as it happens")
@click.option("--after", type=click.IntRange(0), metavar="NUMBER", help="only what came after the event of that number")
@click.option("--type", "kind", metavar="TYPE", help="only events of one type, such as swap.failed")
@with_json
def events(site: str | None, is_following: bool, after: int | None, kind: str | None, is_json: bool) -> None:
    """Show events of SITE, or of all your web sites: number, time, type, sentence. With --json: one object a line."""
    portal, asked = Portal(read()), {"site": site, "type": kind}
    if is_following and after is None:
        after = portal.get("/events", limit=0)["next"]
    with suppress(KeyboardInterrupt):  # the usual end of following
        while True:
            found = portal.get("/events", after=after, limit=AT_ONCE, **asked)
            for event in found["items"]:
                _show(event, is_json=is_json)
            after = found["next"]
            if len(found["items"]) == AT_ONCE:
                continue
            if not is_following:
                return
            time.sleep(PACE_SECONDS)


def _show(event: Data, *, is_json: bool) -> None:
    told = event["cloud_event"]
    words = (str(event["number"]), told["time"], event["type"], " ".join(told["data"]["message"].split()))
    result(event, [json.dumps(event) if is_json else " ".join(words)], is_json=False)
