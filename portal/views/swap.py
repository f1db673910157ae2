"""Ask, then swap two slots of a site: at once, with a preview first, and what a preview ends with."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from portal.answers import answer_operation
from portal.comparison import summary
from portal.confirmation import again, confirm
from portal.http import PortalRequest
from sites.access import get_slot, get_slot_for_change
from sites.errors import PreconditionFailed, Refused
from sites.models import Operation, Slot
from sites.operations.kinds.swap import SWAP
from sites.services import conditions, requests, swaps
from sites.services.compare import compare

question = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class Pair:
    """The slot that was selected, the slot that it is swapped with, and those it could be swapped with."""

    slot: Slot
    other: Slot
    choices: tuple[Slot, ...] = ()


@question
def swap(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """seed: Swap; the same from either slot. `with` names the other slot, `preview` has it only prepared."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    pair = _pair(request.user, slot, request.POST.get("with") or request.GET.get("with", ""))
    if request.method != "POST":
        refusal = swaps.why_not_swap(pair.slot, pair.other)
        if refusal is not None:
            raise refusal
        requests.ensure_free([pair.slot, pair.other], wanted=SWAP)
        return _ask(request, pair)
    try:
        operation = swaps.request_swap(
            acting_user=request.user,
            source=pair.slot,
            target=pair.other,
            with_preview="preview" in request.POST,
            only_if=conditions.swap_only_if(served=request.POST.get("served")),
        )
    except PreconditionFailed:
        return again(_ask(request, _pair(request.user, slot, pair.other.name), is_changed=True))
    return answer_operation(request, operation)


@question
def complete(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Ask, then complete the swap that is prepared."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    operation = _pending(slot)
    is_asked_about = request.POST.get("operation", str(operation.public_id)) == str(operation.public_id)
    if request.method != "POST" or not is_asked_about:
        context = {"pending": operation, "description": swaps.describe_swap(*operation.swap.sides)}
        asked = confirm(request, "swap/complete.html", slot, context)
        return again(asked) if request.method == "POST" else asked
    return answer_operation(request, swaps.complete_swap(acting_user=request.user, operation=operation))


def _ask(request: PortalRequest, pair: Pair, *, is_changed: bool = False) -> HttpResponse:
    """The question; `is_changed`: it was answered when it was no longer about what the slots serve."""
    comparison = compare(pair.slot, pair.other)
    context = {
        "swap": pair,
        "description": swaps.describe_swap(pair.slot, pair.other),
        "comparison": comparison,
        "summary": summary(comparison),
        "served": conditions.served_by(pair.slot, pair.other),
        "is_changed": is_changed,
    }
    return confirm(request, "swap/confirm.html", pair.slot, context)


def _pending(slot: Slot) -> Operation:
    operation = swaps.pending_swap(slot)
    if operation is None:
        raise Refused(
            f"No swap of '{slot.site.name}' is prepared any more; nothing was changed. "
            "Look under Operation logs how it ended."
        )
    return operation


def _pair(user: User, slot: Slot, other_name: str) -> Pair:
    choices = swaps.partners(slot)
    chosen = next((choice for choice in choices if choice.name == other_name), None)
    other = chosen or (get_slot(user, slot.site.name, other_name) if other_name else swaps.partner(slot))
    if other is None:
        raise Refused(
            f"'{slot.site.name}' has no staging site to swap with; nothing was changed. "
            "Enable staged publishing on its Quick Start page first."
        )
    return Pair(slot, other, tuple(choices) if len(choices) > 1 else ())
