"""greenroom.toml: what a project says itself where its files cannot tell."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from sites.content.tables import Table, parse_toml
from sites.content.tree import Tree
from sites.errors import Refused

NAME = "greenroom.toml"
KEYS = {
    "build": "a command, or a list of commands",
    "start": "a command that listens on $PORT",
    "release": "a command that runs once per publication",
    "output": "the folder that is served as a static site once it is built",
    "fallback_page": "the page that answers every path without a file",
    "warmup_paths": "a list of paths that are asked before visitors come",
}
MAX_PATHS = 10


@dataclass(frozen=True, slots=True)
class Wishes:
    """The values of the file; empty where it says nothing."""

    build: tuple[str, ...] = ()
    start: str = ""
    release: str = ""
    output: str = ""
    fallback_page: str = ""
    warmup_paths: tuple[str, ...] = ()


def read_wishes(tree: Tree) -> Wishes:
    """Empty without the file. Raises Refused for a key or a value that is not known."""
    table = parse_toml(tree, NAME)
    if unknown := sorted(set(table) - set(KEYS)):
        known = ", ".join(KEYS)
        raise _refused(f"has the key '{unknown[0]}', which is not known. The keys are {known}")
    return Wishes(
        build=tuple(_texts(table, "build")),
        start=_text(table, "start"),
        release=_text(table, "release"),
        output=_path(table, "output"),
        fallback_page=_path(table, "fallback_page"),
        warmup_paths=tuple(_paths(table)),
    )


def _text(table: Table, key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or "\n" in value.strip() or "\0" in value:
        raise _refused(f"says something else than {KEYS[key]} for '{key}', on one line")
    return value.strip()


def _texts(table: Table, key: str) -> list[str]:
    value = table.get(key, [])
    lines = [value] if isinstance(value, str) else value
    if not isinstance(lines, list) or not all(isinstance(line, str) and "\0" not in line for line in lines):
        raise _refused(f"says something else than {KEYS[key]} for '{key}'")
    return [line.strip() for line in lines if line.strip()]


def _path(table: Table, key: str) -> str:
    value = _text(table, key)
    parts = PurePosixPath(value).parts
    if value and (value.startswith("/") or ".." in parts or not re.fullmatch(r"[\w .@+/-]+", value)):
        raise _refused(f"names '{value}' for '{key}', which is no path inside the content")
    return "/".join(parts)


def _paths(table: Table) -> list[str]:
    paths = _texts(table, "warmup_paths")
    if len(paths) > MAX_PATHS or not all(re.fullmatch(r"/[!-~]*", path) for path in paths):
        raise _refused(f"says something else for 'warmup_paths' than up to {MAX_PATHS} paths that begin with a slash")
    return paths


def _refused(reason: str) -> Refused:
    return Refused(f"{NAME} {reason}, so nothing was published. Correct it, then publish again.")
