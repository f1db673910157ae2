"""A question that is asked before a change: a bar over the command bar, or a page that looks like it."""

from django.http import HttpResponse
from django.shortcuts import render

from portal.answers import back_address
from portal.context import slot_context
from portal.http import PortalRequest
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
    question = {"slot": slot, "site": slot.site if slot else None, "next": back_address(request), **(context or {})}
    if request.htmx:
        return render(request, template, {**question, "base_template": "frame/partial.html"}, status=status)
    if slot is None:
        return render(request, template, {**question, "base_template": "base.html"}, status=status)
    page = slot_context(request, slot, "dashboard", commands=())
    return render(request, template, {**page, **question, "base_template": "frame/slot_page.html"}, status=status)


def again(question: HttpResponse) -> HttpResponse:
    """The question as the answer to an answer that was given to another one; htmx puts it where the first one stood."""
    question["HX-Retarget"], question["HX-Reswap"] = "#confirmation", "innerHTML"
    return question
