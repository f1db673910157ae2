"""A web site as a file: export, plan, apply."""

import json
import sys
from pathlib import Path

import click

from client.api import Portal
from client.commands.options import SECONDS
from client.exits import CHANGES, Ended, Exit
from client.login import read
from client.show import follow, result, say
from client.site_file.exporting import exported
from client.site_file.planning import Change, Plan
from client.site_file.planning import plan as make_plan
from client.site_file.reading import read_file

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), default="greenroom.yaml")
VALUES = click.option("--values", "is_revealing", is_flag=True, help="show the values of app settings too")


@click.command()
@click.argument("site")
@click.option(
    "--values", "is_revealing", is_flag=True, help="with the app settings and their values, which is recorded"
)
def export(site: str, is_revealing: bool) -> None:
    """Print SITE as a file that plan and apply take."""
    click.echo(exported(Portal(read()), site, is_revealing=is_revealing), nl=False)
    if not is_revealing:
        say("The app settings are left out, since secrets may stand there. --values prints them too.")


@click.command()
@FILE
@VALUES
@click.option("--check", "is_check", is_flag=True, help="end with code 2 if something would change")
@click.option("--json", "is_json", is_flag=True, help="print JSON")
def plan(file: Path, is_revealing: bool, is_check: bool, is_json: bool) -> None:
    """Say what would change so that a web site is as FILE says. Nothing is changed.

    Lines begin with + for what would be made, ~ for what would become different, and - for what would go.
    """
    found = _planned(Portal(read()), file, is_revealing=is_revealing)
    _show(found, is_json=is_json)
    if found.changes and is_check:
        raise Ended(CHANGES, "Something would change.")


@click.command()
@FILE
@VALUES
@click.option("--yes", "is_sure", is_flag=True, help="do not ask")
@click.option("--timeout", type=click.FloatRange(1, 86_400), default=SECONDS, help="seconds to wait for each step")
def apply(file: Path, is_revealing: bool, is_sure: bool, timeout: float) -> None:
    """Change a web site so that it is as FILE says; what FILE does not name stays."""
    portal = Portal(read())
    found = _planned(portal, file, is_revealing=is_revealing)
    _show(found, is_json=False)
    if not found.changes:
        return
    if not is_sure:
        if not sys.stdin.isatty():
            raise Ended(Exit.REFUSED, "Nothing was changed. Say --yes where nobody can be asked.")
        click.confirm("Change this?", abort=True, err=True)
    for number, change in enumerate(found.changes):
        try:
            _ask(portal, change, timeout=timeout)
        except Ended as ended:
            raise _stopped(found.changes, number, ended) from ended
    say(f"{file} holds.")


def _ask(portal: Portal, change: Change, *, timeout: float) -> None:
    answer = portal.ask(change.method, change.path, change.body, tag=change.tag)
    if "steps" in answer:
        follow(portal, answer, timeout=timeout, is_json=False)
    elif "txt_name" in answer and answer["state"] != "verified":
        say(f"Create {answer['name']} CNAME {answer['cname_target']}, and the slot answers there.")


def _stopped(changes: list[Change], done: int, ended: Ended) -> Ended:
    """The same end, with what is done and what is not, if something is."""
    if not done:
        return ended
    lines = [str(ended), "Done before that, and it stays:"]
    lines += [f"  {line}" for change in changes[:done] for line in change.lines]
    lines += ["Not done, or not to its end:", *(f"  {line}" for change in changes[done:] for line in change.lines)]
    lines.append("Change the file, or what is in the way, and apply it again.")
    is_refused = ended.code in (Exit.REFUSED, Exit.OTHERWISE)
    return Ended(Exit.PARTLY if is_refused else ended.code, "\n".join(lines))


def _planned(portal: Portal, file: Path, *, is_revealing: bool) -> Plan:
    return make_plan(portal, read_file(file.read_text("utf-8-sig", "replace"), str(file)), is_revealing=is_revealing)


def _show(found: Plan, *, is_json: bool) -> None:
    lines = [line for change in found.changes for line in change.lines]
    if is_json:
        click.echo(json.dumps({"changes": lines, "stays": found.stays}))
        return
    result(None, lines, is_json=False)
    for line in found.stays:
        say(f"  {line}")
    if not lines:
        say("Nothing would change.")
