"""What was sent: JSON, an object, and nothing in it that would be ignored in silence."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from sites.errors import NotOffered, RequestRefused, RequestTooLarge

Json = dict[str, Any]
MAX_DEPTH = 20


def read_object(request: HttpRequest) -> Json:
    """The body as an object; an empty body is an empty one. Raises RequestRefused and RequestTooLarge."""
    try:
        text = request.body
    except RequestDataTooBig:
        raise RequestTooLarge(limit="the limit for a body that is no upload") from None
    if not text.strip():
        return {}
    try:
        found = json.loads(text.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _refused("its body is not JSON") from None
    if not isinstance(found, dict):
        raise _refused("its body is not an object")
    if _depth(found) > MAX_DEPTH:
        raise _refused(f"its body is nested more than {MAX_DEPTH} deep")
    return found


def part(body: Json, name: str) -> Json:
    """An object inside, by name; left out or null is an empty one. Raises RequestRefused."""
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _refused(f"'{name}' is not an object")
    return found


def text(body: Json, name: str, default: str = "") -> str:
    """A text inside. Raises RequestRefused."""
    found = body.get(name)
    if found is None:
        return default
    if not isinstance(found, str):
        raise _refused(f"'{name}' is not a text")
    return found


def switch(body: Json, name: str) -> bool | None:
    """True or false; None where it was left out. Raises RequestRefused."""
    found = body.get(name)
    if found is not None and not isinstance(found, bool):
        raise _refused(f"'{name}' is neither true nor false")
    return found


def number(body: Json, name: str) -> int | None:
    """A whole number; None where it was left out. Raises RequestRefused."""
    found = body.get(name)
    if found is not None and (isinstance(found, bool) or not isinstance(found, int)):
        raise _refused(f"'{name}' is not a whole number")
    return found


def texts(body: Json, name: str) -> list[str] | None:
    """A list of texts; None where it was left out. Raises RequestRefused."""
    found = body.get(name)
    if found is not None and not (isinstance(found, list) and all(isinstance(one, str) for one in found)):
        raise _refused(f"'{name}' is not a list of texts")
    return found


def refuse_others(body: Json, *, taken: Iterable[str], shown: Mapping[str, object], inside: str = "") -> None:
    """Refuse what would have no effect: all but `taken`, what says the same as is `shown`, and what says nothing.

    Clients send back what they were shown, with one thing changed, and the defaults of their own. Raises NotOffered.
    """
    for name, value in body.items():
        if name in taken or value is None:
            continue
        if (value != shown[name]) if name in shown else bool(value):
            said = json.dumps(value)
            raise NotOffered(what=f"'{inside}{name}' as {said if len(said) <= 80 else said[:80] + ' and more'}")


def _depth(found: object) -> int:
    """How deep it is nested; counted without recursion."""
    deepest, waiting = 0, [(found, 1)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        below = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [(inner, depth + 1) for inner in below]
    return deepest


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _refused(reason: str) -> RequestRefused:
    return RequestRefused(
        f"The request cannot be read: {reason}. Nothing was changed. docs/azure-clients.md says what is offered."
    )
