"""How every part of Greenroom writes its log: one event, one line that nobody else can forge."""

import logging
import re
import time

from sites.plain_text import visible

LINE = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s"
TIME = "%Y-%m-%dT%H:%M:%S"
CONTINUED = "    | "
"""In front of each further line of an event, such as those of a traceback."""
_ONE_TIME = re.compile(r"(/(?:welcome|sign-in/forgotten|settings/account/mail)/)[^/\s]{16,}")
"""One-time links: Django logs the path of a request that is refused, and the link may still be good."""


class LineFormatter(logging.Formatter):
    """Times are UTC. Writes out the characters by which a message could act on a terminal, or look like a line.

    The tokens of one-time links are left out.
    """

    converter = time.gmtime  # type: ignore[assignment]  # typed without its argument

    def __init__(self) -> None:
        super().__init__(LINE, TIME)

    def format(self, record: logging.LogRecord) -> str:
        """The message on one line; a traceback below it, each line marked."""
        first, *rest = _ONE_TIME.sub(r"\1[token]", super().format(record)).split("\n")
        return "\n".join([visible(first), *(CONTINUED + visible(line, keep="\t") for line in rest)])


def configuration(level: str) -> dict[str, object]:
    """For logging.config.dictConfig, and Django's LOGGING: everything to stderr in such lines."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "sites.log_lines.LineFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
    }
