"""What of a request does not fit its description: pydantic's errors, by the places of the body that was sent."""

import json
from collections.abc import Sequence
from typing import Any

from sites.api.shapes.common import FieldFault
from sites.errors import Fault
from sites.plain_text import visible

Place = tuple[str, ...]
"""("body", "app_settings", "A") in the body; ("query", "per_page") elsewhere."""
EXPECTED = "Input should be "
OBJECT = "a valid dictionary or object to extract fields from"


def shape_faults(errors: Sequence[dict[str, Any]], body: bytes) -> dict[Place, str]:
    """What is wrong at each place, in the order found: half a sentence each.

    Of a value that fits none of several forms there is one fault for all. Where a form fits but for something inside of
    it, only that is named.
    """
    sent = _read(body)
    found: dict[Place, list[str]] = {}
    for error in errors:
        said = found.setdefault(_place(error, sent), [])
        said.append(error["msg"].replace(OBJECT, "an object"))
    outer = {place[:length] for place in found for length in range(1, len(place))}
    return {place: _joined(said) for place, said in found.items() if place not in outer}


def field_fault(place: Place, message: str) -> FieldFault:
    """The fault for an answer; `message` is a sentence."""
    kind, *path = place
    where = {"pointer": Fault(tuple(path), "", "").pointer} if kind == "body" else {"parameter": path[0]}
    return FieldFault(**where, caption=visible(path[-1][:300]) if path else "body", message=message)


def _place(error: dict[str, Any], sent: Any) -> Place:
    """Without the names of forms, which pydantic puts between the steps, and of the parameter, which ninja names."""
    kind, name, *path = error["loc"]
    if kind != "body":
        return (kind, str(name), *map(str, path))
    steps = []
    for number, step in enumerate(path, start=1):
        if _has(sent, step):
            sent = sent[step]
        elif error["type"] != "missing" or number < len(path):
            continue
        steps.append(str(step))
    return (kind, *steps)


def _has(sent: Any, step: str | int) -> bool:
    if isinstance(sent, list):
        return isinstance(step, int) and 0 <= step < len(sent)
    return isinstance(sent, dict) and step in sent


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _joined(said: Sequence[str]) -> str:
    first, *others = dict.fromkeys(said)
    return " or ".join([first, *(one.removeprefix(EXPECTED) for one in others)])
