"""Why an entry of the configuration cannot be saved, a half-sentence per fault."""

import re

from sites.general_settings import (
    ENDPOINTS,
    fault_of_document,
    fault_of_general,
    fault_of_monitoring,
    fault_of_rule,
)
from sites.models import Category
from sites.monitoring.alert_rules import PREFIX
from sites.monitoring.alert_rules import fault_of as fault_of_alert
from sites.monitoring.endpoints import fault_of as fault_of_endpoint
from sites.planning import variables_of
from sites.services.handler_mappings import fault_of_mapping, from_value, to_value
from sites.variable_names import fault_of_letters, fault_of_name

CONNECTION_KINDS = ("SQLServer", "MySql", "SQLAzure", "PostgreSQL", "Custom")
_FOLDER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PLACE = re.compile(r"/(?:data|mnt/[\w.-]+|app/[\w.-]+)(?:/[\w.-]+)*/?")
_HALVES = re.compile("[\ud800-\udfff]")
MAX_BYTES = 131_072 - 1
"""Of one variable, name, '=' and value: Linux starts no program with a longer one (MAX_ARG_STRLEN, with its end)."""
MAX_VALUE_BYTES = 120_000
"""Of an entry that becomes a part of a variable, with room for the rest."""
HARMLESS = {
    Category.APP_SETTINGS: "",
    Category.CONNECTION_STRINGS: "",
    Category.HANDLER_MAPPINGS: to_value("/usr/bin/perl"),
    Category.MOUNTS: "/data",
}
"""Where people name the entries: a value that can be taken with every name that can."""


def part_at_fault(category: Category, name: str, value: str) -> str:
    """Which field of an entry that cannot be taken is to be changed: name, value or arguments."""
    if category in HARMLESS and fault_of(category, name, HARMLESS[category]) is not None:
        return "name"
    try:
        processor, arguments = from_value(value) if category == Category.HANDLER_MAPPINGS else (value, "")
    except ValueError:
        return "value"
    is_of_arguments = arguments and fault_of(category, name, to_value(processor)) is None
    return "arguments" if is_of_arguments else "value"


def fault_of(category: str, name: str, value: str, kind: str = "") -> str | None:
    """Why an entry of a category cannot be taken; None when it can. `kind` is the type of a connection string."""
    if "\0" in value or "\0" in name:
        return "it contains a zero byte, with which no variable can be passed on"
    if _HALVES.search(name + value):
        return "it contains half of a character, which no text can hold"
    if category in (Category.APP_SETTINGS, Category.CONNECTION_STRINGS):
        return _fault_of_variable(category, name, value, kind or "Custom")
    if len(value.encode()) > MAX_VALUE_BYTES:
        return f"its value is longer than {MAX_VALUE_BYTES:,} bytes"
    if category == Category.GENERAL:
        return fault_of_general(name, value)
    if category == Category.MONITORING:
        return _fault_of_monitoring(name, value)
    if category == Category.DEFAULT_DOCUMENTS:
        return fault_of_document(value)
    if category == Category.HANDLER_MAPPINGS:
        return fault_of_mapping(name, value)
    if category == Category.WARMUP:
        return fault_of_rule(name, value)
    if category == Category.MOUNTS:
        return _fault_of_folder(name, value)
    return None


def _fault_of_monitoring(name: str, value: str) -> str | None:
    if name.startswith(PREFIX):
        return fault_of_alert(name, value)
    return fault_of_endpoint(value) if name in ENDPOINTS else fault_of_monitoring(name, value)


def _fault_of_variable(category: str, name: str, value: str, kind: str) -> str | None:
    fault = fault_of_name(name) if category == Category.APP_SETTINGS else fault_of_letters(name)
    if fault is not None:
        return fault
    if category == Category.CONNECTION_STRINGS and kind not in CONNECTION_KINDS:
        return f"its type must be one of {', '.join(CONNECTION_KINDS)}"
    largest = max(len(f"{variable}={value}".encode()) for variable in variables_of(category, name, kind))
    if largest > MAX_BYTES:
        return f"as a variable it has {largest:,} bytes, and {MAX_BYTES:,} are possible; a file can hold more"
    return None


def _fault_of_folder(name: str, value: str) -> str | None:
    if not _FOLDER.fullmatch(name):
        return "a folder's name has small letters, digits and hyphens, at most 40"
    if not _PLACE.fullmatch(value) or {".", ".."} & set(value.split("/")):
        return "a persistent folder is shown below /data or /mnt, or below /app, inside the content"
    return None
