"""The notification bar and the operation logs."""

import uuid

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from portal import pace
from portal.answers import answer_operation, back_address
from portal.context import Frame
from portal.http import PortalRequest
from portal.notifications import is_counting
from sites.access import get_operation, visible_operations, visible_sites
from sites.models import Operation, OperationState
from sites.services import operations

PAGE_SIZE = 50


@require_safe
def bar(request: PortalRequest) -> HttpResponse:
    """What the notification bar holds now, or the bar anew where it is to ask at another pace; 286 ends its asking."""
    frame = Frame(request)
    waiting = frame.waiting
    if waiting.pace == request.GET.get("pace", "working"):
        return render(request, "operations/_polled.html", {"operation": waiting.shown, "frame": frame})
    answer = render(request, "operations/_answer.html", {"keep_confirmation": True, "frame": frame})
    answer["HX-Retarget"] = "#notification"
    answer["HX-Reswap"] = "outerHTML"
    answer["HX-Trigger"] = "operations-changed"
    answer.status_code = 200 if waiting.pace else 286
    return answer


@require_safe
def logs(request: PortalRequest) -> HttpResponse:
    """All operations that the person may see, newest first, perhaps of one site only."""
    site_name = request.GET.get("site", "")
    found = visible_operations(request.user).select_related("site")
    if site_name:
        found = found.filter(site__name=site_name)
    page = Paginator(found.distinct(), PAGE_SIZE).get_page(request.GET.get("page"))
    names = visible_sites(request.user).values_list("name", flat=True)
    context = {"page": page, "site_name": site_name, "names": names, "section": "logs"}
    return render(request, "operations/logs.html", context)


@require_safe
def details(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """One operation with its steps and times; asks again while it is open."""
    operation = get_operation(request.user, public_id)
    is_open = operation.is_open or is_counting(operation)
    context = {"operation": operation, "section": "logs", "is_open": is_open, "pace": pace.of(operation)}
    if not request.htmx:
        return render(request, "operations/details.html", context)
    return render(request, "operations/_details.html", context, status=200 if is_open else 286)


@require_POST
def dismiss(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """Close a notification; good news that is older goes with it."""
    operation = get_operation(request.user, public_id)
    operations.dismiss(acting_user=request.user, operation=operation)
    if operation.state == OperationState.SUCCEEDED:
        for older in _older_good_news(request, operation):
            operations.dismiss(acting_user=request.user, operation=older)
    if not request.htmx:
        return HttpResponseRedirect(back_address(request), status=303)
    return render(request, "operations/_answer.html", {"keep_confirmation": True})


@require_POST
def cancel(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask an open operation to stop; nothing that was switched is undone."""
    operation = get_operation(request.user, public_id)
    return answer_operation(request, operations.cancel(acting_user=request.user, operation=operation))


def _older_good_news(request: PortalRequest, operation: Operation) -> QuerySet[Operation]:
    return request.user.operations.filter(
        state=OperationState.SUCCEEDED, dismissed_at=None, created_at__lt=operation.created_at
    )
