"""Event targets: who is told of alerts and other events, by webhook, chat or mail."""

import json
import sys
import time
from collections.abc import Sequence

import click

from client.api import Data, Portal
from client.commands.options import with_json
from client.exits import Ended, Exit
from client.login import read
from client.show import result, say, table

FORMATS = ("cloudevents", "slack", "teams", "matrix", "mail")
ALERTS = ("alert.fired", "alert.ended")
PACE_SECONDS = 0.5
DELIVERED, WAITING = "succeeded", "pending"


@click.group()
def targets() -> None:
    """List, add, remove and try the event targets."""


@targets.command("list")
@with_json
def list_targets(is_json: bool) -> None:
    """List where events are sent."""
    found = list(Portal(read()).pages("/event-targets"))
    rows = [(one["title"], one["format"], one["host"], one["site"] or "", _state(one), one["id"]) for one in found]
    table(found, ("Title", "Format", "Where", "Site", "State", "Id"), rows, is_json=is_json)


@targets.command()
@click.argument("title")
@click.argument("address")
@click.option("--site", help="only of this web site; otherwise of all that are in the subscription")
@click.option("--subscription", metavar="ID", help="of which subscription, if you have several")
@click.option("--type", "types", multiple=True, metavar="TYPE", help=f"repeat it for more; {' and '.join(ALERTS)}")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="mail for a mail address, otherwise cloudevents")
@with_json
def add(
    title: str,
    address: str,
    site: str | None,
    subscription: str | None,
    types: tuple[str, ...],
    kind: str | None,
    is_json: bool,
) -> None:
    """Have events sent to ADDRESS: an https address, or a mail address. With - it is read from standard input.

    Prints the secret with which requests are signed. Nothing shows it again.
    """
    address = sys.stdin.readline().strip() if address == "-" else address
    is_mail = "@" in address and "://" not in address
    body = {"title": title, "url": address, "types": list(types or ALERTS)}
    body |= {"format": kind or ("mail" if is_mail else FORMATS[0])}
    body |= {name: given for name, given in (("site", site), ("subscription", subscription)) if given}
    found = Portal(read()).ask("POST", "/event-targets", body)
    say(f"Events are sent to '{found['title']}' at {found['host']}. Try it: greenroom targets test '{found['title']}'")
    result(found, [found["secret"]] if found["secret"] else [], is_json=is_json)


@targets.command()
@click.argument("target")
def remove(target: str) -> None:
    """Forget TARGET, a title or an id, with its delivery log."""
    portal = Portal(read())
    found = _target(portal, target)
    portal.ask("DELETE", f"/event-targets/{found['id']}")
    say(f"Nothing is sent to '{found['title']}' any more.")


@targets.command()
@click.argument("target")
@click.option("--timeout", type=click.FloatRange(1, 3600), default=60.0, help="seconds to wait for its answer at most")
@with_json
def test(target: str, timeout: float, is_json: bool) -> None:
    """Send a test to TARGET, a title or an id, and say whether it took it."""
    portal = Portal(read())
    send_tests(portal, [_target(portal, target)], timeout=timeout, is_json=is_json)


def send_tests(portal: Portal, wanted: Sequence[Data], *, timeout: float, is_json: bool) -> None:
    """Send each of the targets a test. Raises Ended for one that did not take it or has not answered yet."""
    ends_at = time.monotonic() + timeout
    sent = [(one, portal.ask("POST", f"/event-targets/{one['id']}/test")) for one in wanted]
    tried = [(one, _tried(portal, one, delivery, ends_at)) for one, delivery in sent]
    if is_json:
        click.echo(json.dumps([{"target": one["title"], **delivery} for one, delivery in tried]))
    for one, delivery in tried:
        say(_sentence(one, delivery))
    if any(delivery["attempts"] and delivery["state"] != DELIVERED for _, delivery in tried):
        raise Ended(Exit.FAILED, "Not every test has arrived.")
    if any(delivery["state"] == WAITING for _, delivery in tried):
        raise Ended(Exit.STILL_OPEN, f"Not every test was sent within {timeout:g} s.")


def _tried(portal: Portal, target: Data, delivery: Data, ends_at: float) -> Data:
    """The delivery after its first attempt, or as it is at that time."""
    while delivery["state"] == WAITING and not delivery["attempts"] and time.monotonic() < ends_at:
        time.sleep(PACE_SECONDS)
        delivery = portal.get(f"/event-targets/{target['id']}/deliveries/{delivery['id']}")
    return delivery


def _sentence(target: Data, delivery: Data) -> str:
    place = f"'{target['title']}' at {target['host']}"
    if delivery["state"] == DELIVERED:
        return f"{place} has taken the test."
    if not delivery["attempts"]:
        return f"{place} has not been asked yet."
    return f"{place} did not take the test: {delivery['fault']}"


def _state(target: Data) -> str:
    if not target["is_enabled"]:
        return "disabled"
    return f"fails since {target['failing_since'][:19]}" if target["failing_since"] else "enabled"


def _target(portal: Portal, given: str) -> Data:
    """The target of that id or title. Raises Ended."""
    found = [one for one in portal.pages("/event-targets") if given in (one["id"], one["title"])]
    if len(found) == 1:
        return found[0]
    if found:
        raise Ended(
            Exit.REFUSED, f"Several targets are called '{given}'. Use the id that 'greenroom targets list' shows."
        )
    raise Ended(Exit.REFUSED, f"There is no target '{given}', so nothing was done. greenroom targets list")
