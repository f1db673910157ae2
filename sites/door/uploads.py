"""How a view and the door agree on an upload: the door asks before it takes the body, as '100 Continue' does.

For a POST with a body of some size, to a view that is marked with `takes_upload`, the door calls the view twice. The
first time it asks: the view checks who sends, and `admission` answers 100. Then the door receives the body into a file,
under the limits for uploads, and calls again. Strangers therefore write nothing to the disk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from sites.door.answer import note
from sites.errors import GreenroomError, Refused

ASKING = "greenroom.asking"
"""True: the door asks."""
CUT = "greenroom.cut"
"""True: the middle of the body was thrown away, because the view has refused it before."""
REFUSAL = "greenroom.refusal"
"""Why the door has not taken the body, for the view to word."""
FILE = "greenroom.file"
"""Path of the file that holds the body."""

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True)
class Admitted:
    """Note of the answer 100."""

    by: str
    """Who sends, as the limit of uploads at once counts it."""


def takes_upload(view: View) -> View:
    """Mark a view whose POST brings an upload; it asks for `admission` once it knows that the sender may."""
    view.takes_upload = True  # type: ignore[attr-defined]
    return view


def admission(request: HttpRequest, by: str) -> HttpResponse | None:
    """What the view answers at once; None when the body is here. Raises what the door has refused it for."""
    refusal = request.META.get(REFUSAL)
    if isinstance(refusal, GreenroomError):
        raise refusal
    if request.META.get(CUT):
        raise Refused("The upload was refused when it began. Nothing was changed. Send it again.")
    if not request.META.get(ASKING):
        return None
    return note(HttpResponse(status=100), Admitted(by))


def file_of(request: HttpRequest) -> Path | None:
    """The file that holds the body of an admitted upload; the door removes it."""
    return request.META.get(FILE)
