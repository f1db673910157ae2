"""The command line of manage.py, and what holds for every command, Django's own too."""

import os
import resource
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from importlib import import_module
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from portal.options import take_options
from portal.remote import is_remote
from sites import data_folder
from sites.errors import GreenroomError
from sites.plain_text import visible

PROGRAM = "greenroom"
"""What people type: usage and advice name it, and not the script that it hands over to."""
CLOSED_PIPE = 141
"""Exit code of a program whose reader went away: 128 and the number of SIGPIPE."""


def run(arguments: Sequence[str], environment: MutableMapping[str, str]) -> int:
    """Run the command and return its code, or raise SystemExit with it.

    What it and all that it starts write belongs to its owner alone, and their memory, with keys and requests in it, is
    written nowhere when they crash: a limit of 1 byte also stops a program of the machine that takes dumps (core(5)).
    """
    os.umask(0o077)
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (1 if most else 0, most))
    try:
        try:
            return _run(take_options(arguments, environment), environment)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that nothing fails at the very end
        return CLOSED_PIPE
    except (GreenroomError, ImproperlyConfigured) as error:
        sys.stderr.write(visible(str(error)) + "\n")
        return 1


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """`up` is no command of Django, and reads the settings when it is loaded: their options must be taken before.

    The remote client reads no settings at all, so it leaves the data folder alone.
    """
    if arguments[1:2] == ["up"]:
        return int(import_module("sites.management.up").main(arguments[2:]))
    if is_remote(arguments[1:], is_installed=data_folder.is_installation(_data_folder(environment))):
        return int(import_module("client.main").run(arguments[1:]))
    if arguments[1:2] == ["restore"]:
        import_module("sites.backups.beforehand").ensure_restorable(
            arguments[2:], environment, _data_folder(environment).resolve()
        )
    execute_from_command_line([PROGRAM, *arguments[1:]])
    return 0


def _data_folder(environment: Mapping[str, str]) -> Path:
    """As the settings say it, without reading them: they would make it."""
    return Path(environment.get("GREENROOM_DATA") or Path(__file__).resolve().parent.parent / ".data")
