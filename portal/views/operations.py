"""The operation logs, and what is done from the notification bar."""

import uuid

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import replace_url

from portal.answers import answer_operation, back_address
from portal.confirmation import confirm
from portal.http import PortalRequest
from portal.notifications import is_counting
from portal.operation_commands import RESTORABLE, log_commands
from portal.operation_export import csv_lines, text_lines
from portal.operation_query import CHOICES, STATUSES, OperationQuery
from portal.subscription_filter import shown_operations, shown_sites
from portal.tree import point_out
from sites.access import get_operation
from sites.models import Operation, OperationState
from sites.operations.kinds import names_where
from sites.services import operations
from sites.services import restore as restoring

PAGE_SIZE = 50
PEOPLE = 200
QUIET = (OperationState.SUCCEEDED, OperationState.CANCELLED)
"""What a later one of its kind says was seen."""


@require_safe
def logs(request: PortalRequest) -> HttpResponse:
    """All operations of the subscriptions that are shown, newest first, as far as they are asked for; a part of it
    for htmx."""
    query = OperationQuery.read(request.GET)
    found = query.find(shown_operations(request)).prefetch_related(RESTORABLE)
    page = Paginator(found, PAGE_SIZE).get_page(query.page)
    selected = next((row for row in page if str(row.public_id) == query.selected), None)
    context = {
        "page": page,
        "query": query,
        "selected": selected,
        "section": "logs",
        "commands": log_commands(request.user, query, selected),
    }
    if request.htmx:
        return replace_url(render(request, "operations/_found.html", {**context, "oob": True}), query.address())
    names = shown_sites(request).values_list("name", flat=True)
    people = shown_operations(request).order_by().values_list("actor_name", flat=True).distinct()[:PEOPLE]
    choices = {"names": names, "people": people, "kinds": CHOICES, "statuses": STATUSES}
    return render(request, "operations/logs.html", {**context, **choices})


@require_safe
def export(request: PortalRequest) -> StreamingHttpResponse:
    """The operations that are asked for as a file of comma-separated values, written while it is sent."""
    query = OperationQuery.read(request.GET)
    found = query.find(shown_operations(request)).iterator(chunk_size=500)
    name = f"operations-{timezone.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(csv_lines(found), content_type="text/csv; charset=utf-8", headers=headers)


@require_safe
def details(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """One operation with its steps and times; asks again while it is open. A sheet over the page for htmx."""
    operation = get_operation(request.user, public_id)
    is_open = operation.is_open or is_counting(operation)
    lines = "\n".join(text_lines(operation))
    context = {
        "operation": operation,
        "section": "logs",
        "is_open": is_open,
        "lines": lines,
    }
    if request.htmx and request.htmx.target == "operation":
        return render(request, "operations/_details.html", context, status=200 if is_open else 286)
    base = "frame/partial.html" if request.htmx else "base.html"
    context |= {"base_template": base, "back": back_address(request)}
    return render(request, "operations/details.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask, then make again what the operation deleted."""
    operation = get_operation(request.user, public_id)
    if request.method == "POST":
        begun = restoring.restore(acting_user=request.user, operation=operation)
        if begun.site:
            point_out(request, begun.site, begun.holds.order_by("-slot__is_production")[0].slot.name)
        return answer_operation(request, begun, reverse("operation-logs"))
    refusal = restoring.why_not_restore(operation)
    if refusal is not None:
        raise refusal
    context = {"operation": operation, "kept": list(operation.deleted_slots.all()), "section": "logs"}
    return confirm(request, "operations/restore.html", None, context)


@require_POST
def dismiss(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """Close a notification; older ones that are no failure and no warning go with it."""
    operation = get_operation(request.user, public_id)
    operations.dismiss(acting_user=request.user, operation=operation)
    if operation.state in QUIET:
        for older in _older_quiet_ones(request, operation):
            operations.dismiss(acting_user=request.user, operation=older)
    if not request.htmx:
        return HttpResponseRedirect(back_address(request), status=303)
    return render(request, "operations/_answer.html", {"keep_confirmation": True})


@require_POST
def cancel(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask an open operation to stop; nothing that was switched is undone."""
    operation = get_operation(request.user, public_id)
    return answer_operation(request, operations.cancel(acting_user=request.user, operation=operation))


def _older_quiet_ones(request: PortalRequest, operation: Operation) -> QuerySet[Operation]:
    older = request.user.operations.filter(state__in=QUIET, dismissed_at=None, created_at__lt=operation.created_at)
    return older.exclude(kind__in=names_where(lambda kind: kind.is_warning))
