"""Handler mappings of static sites: extension → script processor → arguments (seed: About Configuration)."""

import json
import re
import shlex

_EXTENSION = re.compile(r"\.[a-z0-9]{1,16}")


def to_value(processor: str, arguments: str = "") -> str:
    """The value of an entry whose name is the extension."""
    return json.dumps({"processor": processor, "arguments": arguments})


def from_value(value: str) -> tuple[str, str]:
    """Processor and arguments of an entry. Raises ValueError when it is none."""
    stored = json.loads(value)
    if not isinstance(stored, dict) or not stored.keys() <= {"processor", "arguments"}:
        raise ValueError("no handler mapping")
    parts = stored.get("processor", ""), stored.get("arguments", "")
    if not all(isinstance(part, str) for part in parts):
        raise ValueError("no handler mapping")
    return parts


def fault_of_mapping(extension: str, value: str) -> str | None:
    """Why a handler mapping cannot be taken; None when it can."""
    if not _EXTENSION.fullmatch(extension):
        return "an extension is a dot with small letters and digits, at most 16, such as .cgi"
    try:
        processor, arguments = from_value(value)
    except ValueError:
        return "a handler mapping has a processor and arguments"
    if not processor.startswith("/") or not processor.isprintable() or processor.endswith("/"):
        return "a script processor is a program by its whole path, such as /usr/bin/perl"
    try:
        shlex.split(arguments)
    except ValueError:
        return "its arguments have a quotation mark that is not closed"
    return None if arguments.isprintable() else "its arguments are one line"
