"""Starts Envoy so that it outlives `up`: `python -m sites.supervisor.outliving PROGRAM ARGUMENTS`.

With hot restart, Envoy asks the kernel for SIGTERM as soon as who started it ends. Nothing in its settings changes
that, and the sites are to serve on without `up`. So the kernel answers that one request as if it were granted.
"""

import os
import sys
from collections.abc import Sequence

import pyseccomp

PR_SET_PDEATHSIG = 1
WITHOUT = "--disable-hot-restart"


def main(command: Sequence[str]) -> None:
    """Become the program. Where the kernel takes no filter, Envoy runs without hot restart and never asks."""
    words = list(command)
    try:
        _filter().load()
    except (OSError, RuntimeError):
        words.append(WITHOUT)
    os.execv(words[0], words)  # noqa: S606  # the program that `up` names


def _filter() -> pyseccomp.SyscallFilter:
    allowing = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    allowing.add_rule(pyseccomp.ERRNO(0), "prctl", pyseccomp.Arg(0, pyseccomp.EQ, PR_SET_PDEATHSIG))
    return allowing


if __name__ == "__main__":
    main(sys.argv[1:])
