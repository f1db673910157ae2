"""Texts with a zero byte, which SQLite would store and PostgreSQL refuses."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import BadRequest

SENTENCE = (
    "What was sent contains a zero byte, which no text can have; nothing was changed. Leave it out and send it again."
)


class ZeroByte(BadRequest):
    """Answered with 400 wherever it is raised."""

    def __init__(self) -> None:
        super().__init__(SENTENCE)


def refuse_zero_bytes(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """For `connection.execute_wrapper`: let no such text through. Raises ZeroByte before anything is executed."""
    rows: Iterable[Any] = params if many else [params]
    if any(isinstance(value, str) and "\0" in value for row in rows if row for value in row):
        raise ZeroByte
    return execute(sql, params, many, context)
