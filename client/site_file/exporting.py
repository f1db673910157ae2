"""From a web site to the text of greenroom.yaml. Connection strings, credentials and certificates are never in it."""

import re
from typing import Any

import yaml

from client.addresses import place
from client.api import Data, Portal
from client.site_file.wanted import CATEGORIES, entries_of

HEAD = "# Written by 'greenroom export'. What this file does not name stays as the portal has it.\n"

_ODD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
"""Characters that YAML takes for the end of a line, or that no editor shows: they are written as escapes."""


class _Dumper(yaml.SafeDumper):
    """What it writes is read again as it was."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _ODD.search(text) else None)


_Dumper.add_representer(str, _text)


def exported(portal: Portal, site: str, *, is_revealing: bool) -> str:
    """The file of the web site; with the app settings and their values, which is recorded, if `is_revealing`."""
    found = portal.get(place(site))
    slots = {one["name"]: _slot(portal, found["name"], one, is_revealing=is_revealing) for one in found["slots"]}
    said = {"site": found["name"], "mode": found["mode"], "slots": slots}
    return HEAD + yaml.dump(said, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _slot(portal: Portal, site: str, found: Data, *, is_revealing: bool) -> Data:
    path = place(site, found["name"])
    settings = portal.get(f"{path}/settings", reveal="true" if is_revealing else None)
    said: dict[str, Any] = {"instances": found["instances"]}
    names = [one["name"] for one in portal.pages(f"{path}/domains")]
    if names:
        said["domains"] = names
    for group in CATEGORIES:
        entries = entries_of(group, settings["entries"])
        if entries and (group != "settings" or is_revealing):
            said[group] = {name: _value(group, one) for name, one in entries.items()}
    documents = [one["value"] for one in settings["entries"].get("default_documents", [])]
    if documents:
        said["default_documents"] = documents
    said["swaps"] = settings["swaps"]
    return said


def _value(group: str, entry: Data) -> Any:
    if group == "settings" and entry["is_sticky"]:
        return {"value": entry["value"], "sticky": True}
    return entry["value"]
