"""The notification bar and the operation logs."""

import uuid

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from portal.answers import answer_operation, back_address
from portal.http import PortalRequest
from portal.notifications import unread
from sites.access import get_operation, visible_operations, visible_sites
from sites.models import Operation, OperationState
from sites.services import operations

PAGE_SIZE = 50


@require_safe
def bar(request: PortalRequest) -> HttpResponse:
    """What the notification bar holds now; 286 ends its asking as soon as nothing is open."""
    waiting = unread(request.user)
    answer = render(request, "operations/_polled.html", {"operation": waiting.shown})
    if not waiting.is_busy:
        answer.status_code = 286
        answer["HX-Trigger"] = "operations-changed"
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
    if not request.htmx:
        return render(request, "operations/details.html", {"operation": operation, "section": "logs"})
    answer = render(request, "operations/_details.html", {"operation": operation})
    answer.status_code = 200 if operation.is_open else 286
    return answer


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
