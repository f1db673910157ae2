"""Files of a content that hold tables: TOML and JSON, read in bounds."""

import json
import tomllib
from typing import Any

from sites.content.tree import Tree, text
from sites.errors import Refused

MAX_BYTES = 16 * 1024 * 1024
"""Of a manifest or lock; those of large projects have a few megabytes."""
Table = dict[str, Any]


def parse_toml(tree: Tree, name: str) -> Table:
    """Empty when it is not there. Raises Refused when it cannot be read."""
    try:
        return tomllib.loads(text(tree, name, MAX_BYTES))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _unreadable(name, error) from error


def parse_json(tree: Tree, name: str) -> Table:
    """Empty when it is not there or holds no table. Raises Refused when it cannot be read."""
    body = text(tree, name, MAX_BYTES)
    if not body.strip():
        return {}
    try:
        return as_table(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, error) from error


def as_table(value: object) -> Table:
    """The value if it is a table; else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def _unreadable(name: str, error: Exception) -> Refused:
    return Refused(f"{name} cannot be read ({error}), so nothing was published. Correct it, then publish again.")
