"""Errors, pages and names, which every resource uses."""

from typing import Annotated, Generic, TypeVar

from django.core.paginator import Paginator
from django.db.models import QuerySet
from ninja import Path, Query, Schema
from pydantic import ConfigDict, Field

T = TypeVar("T")
MAX_PAGES = 1_000_000


class Asked(Schema):
    """A body. A name that the API does not know is refused, since nothing is ignored in silence."""

    model_config = ConfigDict(extra="forbid")


class FieldFault(Schema):
    """One thing in the request that cannot be taken."""

    pointer: str | None = Field(default=None, description="where in the body, as a JSON pointer (RFC 6901)")
    parameter: str | None = Field(default=None, description="which parameter, where it is not in the body")
    caption: str = Field(description="what people read beside that field in the portal")
    message: str = Field(description="what is wrong with it")


class Problem(Schema):
    """Why a request was refused. Nothing was changed."""

    code: str = Field(description="stable; docs/messages.md lists all")
    message: str = Field(description="what happened and what to do next, for people")
    errors: list[FieldFault] = Field(
        default=[], description="each thing that cannot be taken, where the refusal is about fields; all at once"
    )


ERRORS = frozenset({400, 401, 403, 404, 405, 408, 409, 412, 413, 422, 429, 500, 503, 507})
"""What any address may answer, always with a Problem."""


def answers(status: int, shape: object) -> dict[int | frozenset[int], object]:
    """The answers of a route that has one of its own."""
    return {status: shape, ERRORS: Problem}


class Page(Schema, Generic[T]):
    """A part of a list."""

    items: list[T]
    page: int
    pages: int
    total: int


class Paging(Schema):
    """Which part."""

    page: int = Field(1, ge=1, le=MAX_PAGES)
    per_page: int = Field(50, ge=1, le=100)


def page_of(rows: QuerySet, paging: Paging) -> tuple[list, dict[str, int]]:
    """The rows of that part, and what a Page says of itself. Behind the last page there are no rows."""
    paginator = Paginator(rows, paging.per_page)
    first = (paging.page - 1) * paging.per_page
    figures = {"page": paging.page, "pages": paginator.num_pages, "total": paginator.count}
    return list(rows[first : first + paging.per_page]) if first < paginator.count else [], figures


NAME = r"^[A-Za-z0-9-]+$"
SiteName = Annotated[str, Path(min_length=1, max_length=64, pattern=NAME, description="name of the web site")]
SlotName = Annotated[str, Path(min_length=1, max_length=40, pattern=NAME, description="production, staging …")]
SlotQuery = Annotated[str, Query(max_length=40, pattern=rf"({NAME})|^$", description="which staging slot")]
Pages = Annotated[Paging, Query()]
