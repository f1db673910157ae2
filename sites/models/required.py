"""A record that may be null in its column, at a place where it cannot be missing."""

from typing import TypeVar

from django.core.exceptions import ObjectDoesNotExist

Record = TypeVar("Record")


def required(record: Record | None, what: str) -> Record:
    """`record` itself. Raises ObjectDoesNotExist, as a relation without its record does, naming `what` is missing."""
    if record is None:
        raise ObjectDoesNotExist(f"{what} is missing")
    return record
