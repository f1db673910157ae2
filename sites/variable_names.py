"""Which names an app setting can have, since it becomes a variable of the application."""

import re

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OWN_NAMES = frozenset(
    "PORT HOME PATH HOST WEBSITE_SITE_NAME WEBSITE_INSTANCE_ID WEBSITE_SLOT_NAME WEBSITE_HOSTNAME "
    "DEFAULT_DOCUMENTS HANDLER_MAPPINGS".split()
)
_OF_THE_SHELL = frozenset("_ PWD OLDPWD IFS PPID OPTIND LINENO SHLVL RANDOM UID EUID SHELLOPTS BASHOPTS".split())
"""Applications are started by /bin/sh, which sets these itself; it also drops names that it could not write."""


def fault_of_name(name: str) -> str | None:
    """Why an app setting cannot have the name; None when it can."""
    fault = fault_of_letters(name)
    if fault is not None:
        return fault
    if name.upper() in _OWN_NAMES:
        return "Greenroom sets that variable itself for every instance"
    if name in _OF_THE_SHELL:
        return "the shell that starts the application sets that variable itself"
    return None


def fault_of_letters(name: str) -> str | None:
    """Why no variable can be called so; None when one can."""
    if _VARIABLE.fullmatch(name) and len(name) <= 128:
        return None
    dotted = "; the shell that starts the application would drop one with a dot" if "." in name else ""
    return f"a name has letters from A to Z, digits and underscores, no digit first, at most 128 in all{dotted}"
