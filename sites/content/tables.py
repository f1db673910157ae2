"""Files of a content that hold tables: TOML and JSON, read in bounds."""

import json
import tomllib
from typing import Any

from sites.content.tree import Tree, decoded
from sites.errors import Refused

MAX_BYTES = 4 * 1024 * 1024
"""Of a manifest or lock that is read as tables, which takes a second for each megabyte or two."""
Table = dict[str, Any]


def parse_toml(tree: Tree, name: str) -> Table:
    """Empty when it is not there. Raises Refused when it cannot be read."""
    try:
        return tomllib.loads(_whole(tree, name))
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, error) from error


def parse_json(tree: Tree, name: str) -> Table:
    """Empty when it is not there or holds no table. Raises Refused when it cannot be read."""
    body = _whole(tree, name)
    if not body.strip():
        return {}
    try:
        return as_table(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, error) from error


def _whole(tree: Tree, name: str) -> str:
    body = tree.read(name, MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise _unreadable(name, ValueError(f"it is larger than {MAX_BYTES >> 20} MB"))
    return decoded(body)


def as_table(value: object) -> Table:
    """The value if it is a table; else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def _unreadable(name: str, error: Exception) -> Refused:
    return Refused(f"{name} cannot be read ({error}), so nothing was published. Correct it, then publish again.")
