"""`./greenroom up`: the whole system in the foreground. It needs no table, and so does without most of Django."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from django.conf import settings

from portal.options import describe_options
from sites.checks import WITHOUT_MODELS
from sites.management.findings import tell
from sites.plain_text import visible
from sites.supervisor.isolation import choose_isolation, isolation_lines
from sites.supervisor.resume import taken_over
from sites.supervisor.supervisor import Supervisor


def main(arguments: Sequence[str]) -> int:
    """Start every part and keep it running until Ctrl-C. Returns the exit code; raises GreenroomError."""
    parser = argparse.ArgumentParser(
        prog="greenroom up", description="Start Greenroom in the foreground; Ctrl-C stops everything in order."
    )
    describe_options(parser)
    parser.parse_args(arguments)
    found = [message for check in WITHOUT_MODELS for message in check()]
    if tell(found, lambda text: sys.stderr.write(visible(text, keep="\n\t") + "\n"), with_warnings=True):
        return 1
    resume = taken_over(os.environ)
    level = resume.isolation if resume else _find_isolation()
    return asyncio.run(Supervisor(isolation=level, resume=resume).run())


def _find_isolation() -> str:
    found = choose_isolation(settings.ISOLATION)
    sys.stdout.write(visible("\n".join(isolation_lines(found)), keep="\n") + "\n")
    sys.stdout.flush()
    return found.level
