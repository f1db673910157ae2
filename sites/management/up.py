"""`./greenroom up`: the whole system in the foreground. It needs no table, and so does without most of Django."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from django.conf import settings

from portal.options import describe_options
from sites.errors import GreenroomError
from sites.supervisor.isolation import choose_isolation, isolation_lines
from sites.supervisor.resume import taken_over
from sites.supervisor.supervisor import Supervisor


def main(arguments: Sequence[str]) -> int:
    """Start every part and keep it running until Ctrl-C; exit code 1 with a sentence when it is refused."""
    parser = argparse.ArgumentParser(
        prog="greenroom up", description="Start Greenroom in the foreground; Ctrl-C stops everything in order."
    )
    describe_options(parser)
    parser.parse_args(arguments)
    try:
        resume = taken_over(os.environ)
        level = resume.isolation if resume else _find_isolation()
        return asyncio.run(Supervisor(isolation=level, resume=resume).run())
    except GreenroomError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _find_isolation() -> str:
    isolation = choose_isolation(settings.ISOLATION)
    sys.stdout.write("\n".join(isolation_lines(isolation)) + "\n")
    sys.stdout.flush()
    return isolation.level
