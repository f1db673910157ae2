"""Reads greenroom.yaml. Each fault is told with its line, and nothing that is not known is passed over.

The text is read as nodes and never becomes objects of its own choosing. Values are the words that were typed, so `on`
stays `on`. Anchors and aliases are refused, so a small file stays small.
"""

import re
from collections.abc import Collection
from typing import Any

import idna
import yaml

from client.exits import Ended, Exit
from client.site_file.faults import FAULTS
from client.site_file.wanted import CATEGORIES, Setting, Site, Slot
from sites.general_settings import fault_of_document

MAX_CHARACTERS = 256 * 1024
MAX_INSTANCES = 1000
MODES = ("free", "shared", "standard")
SWAPS = {"drain_limit_seconds": 3600, "rollback_window_seconds": 86_400, "is_auto_swapped": None}
"""Name → the largest number, or None for true and false."""
OF_FILE = ("site", "mode", "slots")
OF_SLOT = ("instances", "domains", *CATEGORIES, "default_documents", "swaps")
SECRETS = ("connection_strings", "credentials", "password", "source_control")
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_NULL = "tag:yaml.org,2002:null"


class _Fault(Exception):
    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Composes nodes; refuses what makes much of little."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Fault(event.start_mark.line, "anchors and aliases are not taken. Write it out")
        return super().compose_node(parent, index)


def read_file(text: str, name: str) -> Site:
    """What the file of that name says. Raises Ended with the line of the first fault."""
    try:
        if len(text) > MAX_CHARACTERS:
            raise _Fault(0, f"the file has more than {MAX_CHARACTERS:,} characters")
        node = _composed(text)
        if node is None:
            raise _Fault(0, "the file is empty. 'greenroom export SITE' writes one")
        return _site(node, name)
    except _Fault as fault:
        sentence = f"{name}, line {fault.line + 1}: {fault}. Nothing was changed."
        raise Ended(Exit.REFUSED, sentence) from None


def _composed(text: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise _Fault(line, f"this is not YAML: {error.problem or 'it cannot be read'}") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise _Fault(0, "this is not YAML that can be read") from None


def _site(node: yaml.Node, file: str) -> Site:
    found = _mapping(node, OF_FILE, "the file")
    if "site" not in found:
        raise _at(node, "'site' is missing: the name of the web site")
    name = _text(found["site"])
    if not _NAME.fullmatch(name):
        raise _at(found["site"], f"'{name[:64]}' cannot be the name of a web site")
    mode = _text(found["mode"]).lower() if "mode" in found else None
    if mode is not None and mode not in MODES:
        raise _at(found["mode"], f"the mode is one of {', '.join(MODES)}")
    slots = _mapping(found["slots"], None, "'slots'") if "slots" in found else {}
    strange = next((one for one in slots if not _NAME.fullmatch(one)), None)
    if strange is not None:
        raise _at(slots[strange], f"'{strange[:64]}' cannot be the name of a slot")
    wanted = {one.lower(): _slot(given, one) for one, given in slots.items()}
    lines: dict[tuple[str, ...], int] = {}
    _note_lines(node, (), lines)
    return Site(name.lower(), mode, wanted, file, lines)


def _note_lines(node: yaml.Node, place: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, str(key.value).lower())
            lines[inner] = key.start_mark.line + 1
            _note_lines(value, inner, lines)


def _slot(node: yaml.Node, name: str) -> Slot:
    if node.tag == _NULL:
        raise _at(node, f"a file removes no slot. Write '{name}: {{}}' for one that stays as it is, or delete it there")
    found = _mapping(node, OF_SLOT, "a slot")
    swaps = _mapping(found["swaps"], SWAPS, "'swaps'") if "swaps" in found else {}
    return Slot(
        instances=_number(found["instances"], 1, MAX_INSTANCES) if "instances" in found else None,
        entries={one: _settings(found[one], one) for one in CATEGORIES if one in found},
        default_documents=_documents(found["default_documents"]) if "default_documents" in found else None,
        domains=_domains(found["domains"]) if "domains" in found else [],
        swaps={one: _swap_value(given, SWAPS[one]) for one, given in swaps.items()},
    )


def _settings(node: yaml.Node, group: str) -> dict[str, Setting]:
    found = {}
    for name, given in _mapping(node, None, "a group of settings").items():
        found[name] = _setting(given, is_app=group == "settings")
        fault = FAULTS[group](name, found[name].value)
        if fault is not None:
            raise _at(given, f"'{name[:64]}' cannot be taken: {fault}")
    return found


def _domains(node: yaml.Node) -> list[str]:
    names = []
    for one in _items(node):
        text = _text(one)
        prefix = "*." if text.startswith("*.") else ""
        try:
            name = idna.encode(text.removeprefix(prefix).rstrip("."), uts46=True, std3_rules=True).decode()
        except (idna.IDNAError, UnicodeError):
            name = ""
        if "." not in name or name.rpartition(".")[2].isdecimal():
            raise _at(one, f"'{text[:80]}' is not a domain name such as www.example.org")
        names.append(prefix + name)
    return names


def _documents(node: yaml.Node) -> list[str]:
    names = []
    for one in _items(node):
        fault = fault_of_document(_text(one))
        if fault is not None:
            raise _at(one, fault)
        names.append(_text(one))
    return names


def _setting(node: yaml.Node, *, is_app: bool) -> Setting:
    if node.tag == _NULL:
        return Setting(None)
    if isinstance(node, yaml.ScalarNode):
        return Setting(str(node.value))
    if not is_app:
        raise _at(node, "a setting of this group has a plain value")
    found = _mapping(node, ("value", "sticky"), "a setting")
    if "value" not in found:
        raise _at(node, "'value' is missing")
    return Setting(_text(found["value"]), _switch(found["sticky"]) if "sticky" in found else None)


def _swap_value(node: yaml.Node, most: int | None) -> int | bool:
    return _switch(node) if most is None else _number(node, 0, most)


def _mapping(node: yaml.Node, known: Collection[str] | None, what: str) -> dict[str, yaml.Node]:
    """By name; `known` are the only names that there are."""
    if node.tag == _NULL:
        raise _at(node, f"{what} is empty. Leave it out, or write {{}}")
    if not isinstance(node, yaml.MappingNode):
        raise _at(node, f"{what} is written as NAME: VALUE, each in a line of its own")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = _text(key)
        if name in found:
            raise _at(key, f"'{name[:64]}' is there twice")
        if known is not None and name not in known:
            secret = "; secrets have no place in a file" if name in SECRETS else ""
            raise _at(key, f"{what} has no '{name[:64]}'{secret}. Use {', '.join(known)}")
        found[name] = value
    return found


def _items(node: yaml.Node) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise _at(node, "this is written as a list: '- VALUE' in each line")
    return list(node.value)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag == _NULL:
        raise _at(node, "one value is needed here")
    return str(node.value)


def _number(node: yaml.Node, least: int, most: int) -> int:
    text = _text(node)
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= most):
        raise _at(node, f"a whole number from {least} to {most} is needed here")
    return int(text)


def _switch(node: yaml.Node) -> bool:
    text = _text(node).lower()
    if text not in ("true", "false"):
        raise _at(node, "true or false is needed here")
    return text == "true"


def _at(node: yaml.Node, what: str) -> _Fault:
    return _Fault(node.start_mark.line, what)
