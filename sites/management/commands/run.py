"""`./greenroom run SITE -- COMMAND`: a command in the sandbox of a slot, as its application would run it."""

import os
import signal
import time
from pathlib import Path
from typing import NoReturn

from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.logs.files import tail
from sites.management import relay
from sites.management.base import GreenroomCommand
from sites.models.slot import PRODUCTION
from sites.runtime.registry import get_runtime
from sites.runtime.spec import RunState, RunStatus
from sites.services import one_off_commands

LOOK_SECONDS = 0.2
NOTES_SHOWN = 20
INTERRUPTED = 130


class Command(GreenroomCommand):
    """Ends with the exit code of the command; 124 when it took longer than an hour."""

    help = "Run a command in the sandbox of a slot, with its settings and persistent folders."

    def add_arguments(self, parser: CommandParser) -> None:
        """The site and the command."""
        parser.add_argument("site", help="name of the web site")
        parser.add_argument("--slot", default=PRODUCTION, help="its slot, for example staging")
        parser.add_argument("command", nargs="+", metavar="-- COMMAND", help="after two hyphens: the command")
        describe_options(parser, "--data")

    def handle(self, *, site: str, slot: str, command: list[str], **_: object) -> None:
        """What is typed goes to the command, and what it writes comes back."""
        runtime, line = get_runtime(), tuple(command)
        with relay.terminal() if relay.is_terminal() else relay.pipes() as passing:
            kind = os.environ.get("TERM", "") if relay.is_terminal() else ""
            spec, record = one_off_commands.plan(site=site, slot=slot, command=line, stdio=passing.stdio, terminal=kind)
            log = Path(spec.log)
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            log.touch(mode=0o600)
            began = time.monotonic()
            how, has_succeeded = "was not started", False
            try:
                signal.signal(signal.SIGTERM, _interrupt)
                runtime.start_run(spec)
                how = "was ended from outside"
                status = self._watch(spec.run_id, passing)
                has_succeeded = status.exit_code == 0
                how = f"ended with exit code {status.exit_code} after {time.monotonic() - began:.0f} s"
            except KeyboardInterrupt:
                status = RunStatus(spec.run_id, RunState.ENDED, INTERRUPTED)
            finally:
                runtime.end_run(spec.run_id)
                one_off_commands.end(record, how=how, has_succeeded=has_succeeded)
                notes = tail(log, NOTES_SHOWN)
                log.unlink(missing_ok=True)
        for note in notes:
            self.stderr.write(note)
        raise SystemExit(status.exit_code)

    def _watch(self, run_id: str, passing: relay.Relay) -> RunStatus:
        runtime = get_runtime()
        looked_at = 0.0
        while True:
            passing.pass_on(LOOK_SECONDS)
            if time.monotonic() - looked_at < LOOK_SECONDS:
                continue
            looked_at = time.monotonic()
            status = runtime.observe_run(run_id)
            if status.state is not RunState.RUNNING:
                passing.drain()
                return status


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
