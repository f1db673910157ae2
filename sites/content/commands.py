"""Start commands: what one process of a site runs, as a list for the sandbox."""

import re

OPERATORS = re.compile(r"[;&|<>()\n`]|\$\(")
ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
BUILTINS = ("cd", "export", "exec", "set", ".", "source", "if", "for", "while", "test", "[", "trap", "umask", "unset")


def shell(command: str, *, path: str = "") -> tuple[str, ...]:
    """A command line through a shell, so that $PORT expands; `path` goes before the sandbox's PATH."""
    line = with_exec(command.strip())
    return ("/bin/sh", "-c", f'export PATH="{path}:$PATH"; {line}' if path else line)


def with_exec(command: str) -> str:
    """`exec` makes the application the one that takes SIGTERM; a line of several commands is left to the shell.

    /bin/sh of Debian and of Ubuntu replaces itself by the last command of such a line.
    """
    if OPERATORS.search(command) or command.split(" ", 1)[0] in BUILTINS:
        return command
    if ASSIGNMENT.match(command):
        return f"exec env {command}"
    return f"exec {command}"
