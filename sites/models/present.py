"""A record that may be null in its column, at a place where it cannot be missing."""

from typing import TypeVar

from django.core.exceptions import ObjectDoesNotExist

Thing = TypeVar("Thing")


def present(thing: Thing | None, what: str) -> Thing:
    """`thing` itself. Raises ObjectDoesNotExist, as a relation without its record does, naming `what` is missing."""
    if thing is None:
        raise ObjectDoesNotExist(f"{what} is missing")
    return thing
