"""How a view and the door agree on an upload: the door asks before it takes the body, as '100 Continue' does.

The door calls a view that is marked with `takes_upload` twice, if the body of a POST or PUT is larger than 64 KB. The
first call asks: the view checks the credentials, and `admission` answers 100. Then the door receives the body into a
file, under the limits for uploads, and calls the view again. Strangers therefore write nothing to the disk.
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
"""True: the view refused the upload when it was asked, and the door threw the middle of the body away."""
REFUSAL = "greenroom.refusal"
"""Why the door did not take the body; the view answers with it."""
FILE = "greenroom.file"
"""Path of the file that holds the body."""

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True)
class Admitted:
    """Note of the answer 100."""

    by: str
    """The person or slot that the limit of uploads at once counts."""


def takes_upload(view: View) -> View:
    """Mark a view whose POST or PUT brings an upload. It calls `admission` after it has checked the credentials."""
    view.takes_upload = True  # type: ignore[attr-defined]
    return view


def admission(request: HttpRequest, by: str) -> HttpResponse | None:
    """The view's answer to the question; None when the body is here. Raises the reason if the door refused the body."""
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
