"""Why an entry of the configuration cannot be saved, a half-sentence per fault."""

import re

from sites.general_settings import WARMUP_DEFAULTS, fault_of_document, fault_of_general, warmup_rules
from sites.models import Category
from sites.services.handler_mappings import fault_of_mapping

MAX_VALUE_BYTES = 120_000
"""Below what Linux takes for one variable or argument, with room for the names it goes by."""
CONNECTION_KINDS = ("SQLServer", "MySql", "SQLAzure", "PostgreSQL", "Custom")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_FOLDER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PLACE = re.compile(r"/(?:data|mnt/[\w.-]+)(?:/[\w.-]+)*/?")
_OWN_NAMES = frozenset(
    "PORT HOME PATH HOST WEBSITE_SITE_NAME WEBSITE_INSTANCE_ID WEBSITE_SLOT_NAME WEBSITE_HOSTNAME "
    "DEFAULT_DOCUMENTS HANDLER_MAPPINGS".split()
)


def fault_of(category: str, name: str, value: str, kind: str = "") -> str | None:
    """Why an entry of a category cannot be taken; None when it can. `kind` is the type of a connection string."""
    if "\0" in value or len(value.encode()) > MAX_VALUE_BYTES:
        return f"its value is longer than {MAX_VALUE_BYTES:,} bytes or holds a zero byte"
    if category in (Category.APP_SETTINGS, Category.CONNECTION_STRINGS):
        if not _VARIABLE.fullmatch(name) or len(name) > 128:
            return "a name has letters from A to Z, digits, underscores and dots, no digit first, at most 128 in all"
        if category == Category.APP_SETTINGS and name.upper() in _OWN_NAMES:
            return "Greenroom sets that variable itself for every instance"
        if category == Category.CONNECTION_STRINGS and (kind or "Custom") not in CONNECTION_KINDS:
            return f"its type must be one of {', '.join(CONNECTION_KINDS)}"
    if category == Category.GENERAL:
        return fault_of_general(name, value)
    if category == Category.DEFAULT_DOCUMENTS:
        return fault_of_document(value)
    if category == Category.HANDLER_MAPPINGS:
        return fault_of_mapping(name, value)
    if category == Category.WARMUP:
        return _fault_of_rule(name, value)
    if category == Category.MOUNTS:
        return _fault_of_folder(name, value)
    return None


def _fault_of_rule(name: str, value: str) -> str | None:
    try:
        warmup_rules({name: value})
    except ValueError as reason:
        return str(reason)
    return None if name in WARMUP_DEFAULTS else f"the warm-up rules are {', '.join(WARMUP_DEFAULTS)}"


def _fault_of_folder(name: str, value: str) -> str | None:
    if not _FOLDER.fullmatch(name):
        return "a folder's name has small letters, digits and hyphens, at most 40"
    if not _PLACE.fullmatch(value) or {".", ".."} & set(value.split("/")):
        return "a persistent folder is shown below /data or /mnt"
    return None
