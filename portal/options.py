"""The options of `./greenroom` that must be known before Django's settings are read."""

import argparse
from collections.abc import MutableMapping, Sequence
from pathlib import Path

OPTIONS = {
    "--data": ("GREENROOM_DATA", "DIR", "folder where everything is kept (.data of a checkout)"),
    "--port": ("GREENROOM_PORT", "N", "the one port of the portal and the sites (8080)"),
    "--tls-port": ("GREENROOM_TLS_PORT", "N", "a port for HTTPS beside it (none)"),
    "--listen": ("GREENROOM_LISTEN", "ADDR[,ADDR]", "addresses to listen on (127.0.0.1,::1)"),
    "--suffix": ("GREENROOM_SUFFIX", "NAME", "the sites answer at SITE.NAME (localhost)"),
    "--isolation": ("GREENROOM_ISOLATION", "LEVEL", "'none' runs sites without a sandbox"),
}
"""Option → environment variable, placeholder, help."""


def take_options(arguments: Sequence[str], environment: MutableMapping[str, str]) -> list[str]:
    """Move Greenroom's own options into `environment` and return the other arguments in their order.

    What follows `--` is not looked at. A folder becomes absolute at once, since children start elsewhere.
    """
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest.extend([argument, *waiting])
            break
        name, equals, value = argument.partition("=")
        if name not in OPTIONS:
            rest.append(argument)
            continue
        variable, placeholder, _ = OPTIONS[name]
        if not equals:
            value = next(waiting, "")
        if not value:
            raise SystemExit(f"{name} needs a value: {name} {placeholder}")
        environment[variable] = str(Path(value).absolute()) if name == "--data" else value
    return rest


def describe_options(parser: argparse.ArgumentParser, *names: str) -> None:
    """Show these options, or all, in a command's help; they were taken before the parser sees the arguments."""
    for name, (_, placeholder, text) in OPTIONS.items():
        parser.add_argument(name, metavar=placeholder, help=text if name in (names or OPTIONS) else argparse.SUPPRESS)
