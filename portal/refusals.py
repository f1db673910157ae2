"""How a refusal or failure of the domain is answered: its sentence and what can be done about it."""

from dataclasses import dataclass
from typing import cast

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal.answers import back_address
from portal.http import PortalRequest
from sites.errors import (
    GreenroomError,
    NotStandard,
    NotSwappable,
    SwapPending,
)
from sites.models import PRODUCTION, Operation, Slot

TITLES = {
    400: "not accepted",
    401: "not signed in",
    403: "not allowed",
    404: "nothing here",
    408: "too slow",
    409: "not possible now",
    412: "changed meanwhile",
    413: "too large",
    422: "the application failed",
    429: "too many at once",
    500: "a fault of Greenroom itself",
    503: "not possible at the moment",
    507: "no room",
}


@dataclass(frozen=True)
class Action:
    """A way on, beside the sentence. `does` is go, ask (a confirmation) or post."""

    caption: str
    href: str
    does: str = "go"


@dataclass(frozen=True)
class Refusal:
    """What the bar or the page shows: the sentence (`lead` of it in bold), ways on, and where closing leads."""

    sentence: str
    lead: str
    rest: str
    actions: tuple[Action, ...]
    back: str


def describe(error: GreenroomError, back: str) -> Refusal:
    """The bar for `error`. seed: Enable, note: its message stands out and offers Upgrade."""
    text = str(error)
    lead, rest = "", text
    actions: tuple[Action, ...] = ()
    name = error.values.get("name")
    if isinstance(error, NotStandard):
        lead, _, rest = text.partition(". ")
    if isinstance(error, NotStandard | NotSwappable) and name:
        scale = reverse("site-scale", args=[name, PRODUCTION]) + "?mode=standard"
        actions = (Action("Upgrade", scale + ("&then=enable" if isinstance(error, NotStandard) else "")),)
    if isinstance(error, SwapPending) and "operation" in error.values:
        actions = _decisions(error)
    return Refusal(text, lead, rest, actions, back)


def _decisions(error: SwapPending) -> tuple[Action, ...]:
    """COMPLETE and CANCEL of the swap that is in the way."""
    slot, operation = cast(Slot, error.values["slot"]), cast(Operation, error.values["operation"])
    return (
        Action("Complete", reverse("slot-complete", args=[slot.site.name, slot.name]), "ask"),
        Action("Cancel", reverse("operation-cancel", args=[operation.public_id]), "post"),
    )


def answer_refusal(request: PortalRequest, error: GreenroomError) -> HttpResponse:
    """The pink bar for htmx, a page of its own for everybody else."""
    status = error.http_status
    refusal = describe(error, back_address(request))
    if not request.htmx:
        context = {"refusal": refusal, "heading": TITLES[status], "status": status}
        answer = render(request, "errors/refused.html", context, status=status)
    else:
        answer = render(request, "operations/_notification.html", {"refusal": refusal, "in_bar": True}, status=status)
        answer["HX-Retarget"] = "#notification"
        answer["HX-Reswap"] = "outerHTML"
    if "retry_after" in error.values:
        answer["Retry-After"] = str(error.values["retry_after"])
    return answer
