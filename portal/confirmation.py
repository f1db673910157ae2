"""A question that is asked before a change: a bar over the command bar, or a page that looks like it."""

from django.http import HttpResponse
from django.shortcuts import render

from portal.answers import back_address
from portal.http import PortalRequest
from portal.underneath import over_dashboard
from sites.models import Slot


def confirm(
    request: PortalRequest,
    template: str,
    slot: Slot | None,
    context: dict[str, object] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Render `template`, which extends frame/confirmation.html, with `slot` and the page to return to as `next`.

    Without a slot, where it is gone, the page around the question is the plain frame.
    """
    question = {
        "slot": slot,
        "site": slot.site if slot else None,
        "next": back_address(request, slot),
        **(context or {}),
    }
    if slot is None:
        question["base_template"] = "frame/partial.html" if request.htmx else "base.html"
        return render(request, template, question, status=status)
    return render(request, template, over_dashboard(request, slot, question), status=status)


def again(question: HttpResponse) -> HttpResponse:
    """The question as the answer to an answer that was given to another one; htmx puts it where the first one stood."""
    question["HX-Retarget"], question["HX-Reswap"] = "#confirmation", "innerHTML"
    return question
