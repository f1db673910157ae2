"""Operations: looked at, waited for, completed, cancelled; and what was deleted made again."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from sites import access
from sites.api.asking import ASKED, LONGEST_WAIT, asked, read, shown, user_of
from sites.api.authentication import ADMINISTER, READ, SWAP
from sites.api.shapes.common import NAME, Page, Pages, answers, page_of
from sites.api.shapes.operations import RELATED, OperationShown, describe_operation
from sites.models import Operation, OperationState, Scope
from sites.services import operations, restore, swaps

router = Router(tags=["operations"])


class OperationFilter(Schema):
    """Which operations."""

    site: str | None = Field(None, max_length=64, pattern=NAME)
    state: OperationState | None = None


class Wait(Schema):
    """How long the answer may take."""

    wait: float = Field(0, ge=0, le=LONGEST_WAIT, description="seconds; a preview that is prepared counts as the end")


@router.get("/operations", response=answers(200, Page[OperationShown]), auth=READ)
def list_operations(request: HttpRequest, asked_for: Query[OperationFilter], paging: Pages) -> Page[OperationShown]:
    """The operation logs, newest first."""
    found = access.visible_operations(user_of(request))
    if asked_for.site is not None:
        found = found.filter(site__name=asked_for.site.lower())
    if asked_for.state is not None:
        found = found.filter(Operation.shown_as(asked_for.state))
    rows, figures = page_of(found.select_related(*RELATED).prefetch_related("steps"), paging)
    return Page[OperationShown](items=[describe_operation(request, one) for one in rows], **figures)


@router.get("/operations/{operation_id}", response=answers(200, OperationShown), auth=READ)
def get_operation(request: HttpRequest, operation_id: UUID, asked_for: Query[Wait]) -> HttpResponse:
    """One operation with its steps. With `wait` the answer comes when it has ended, and costs no more than that."""
    operation = access.get_operation(user_of(request), operation_id)
    return shown(request, read(user_of(request), operation.pk), wait=asked_for.wait)


@router.post("/operations/{operation_id}/complete", response=ASKED, auth=SWAP)
def complete_swap(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Complete a swap that is prepared."""
    user = user_of(request)
    return asked(
        request,
        lambda: swaps.complete_swap(acting_user=user, operation=access.get_operation(user, operation_id)),
    )


@router.post("/operations/{operation_id}/cancel", response=ASKED, auth=READ)
def cancel_operation(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Cancel an operation that has not switched anything yet. It needs the scope with which it could be begun."""
    user = user_of(request)
    operation = access.get_operation(user, operation_id)
    access.present(user).ensure(_scope_of(operation))
    return asked(request, lambda: operations.cancel(acting_user=user, operation=operation))


@router.post("/operations/{operation_id}/restore", response=ASKED, auth=ADMINISTER)
def restore_deleted(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Make again what this operation deleted, within seven days."""
    user = user_of(request)
    return asked(
        request,
        lambda: restore.restore(acting_user=user, operation=access.get_operation(user, operation_id)),
    )


def _scope_of(operation: Operation) -> Scope:
    """The scope with which such an operation is begun."""
    if hasattr(operation, "deployment"):
        return Scope.PUBLISH
    return Scope.SWAP if hasattr(operation, "swap") else Scope.ADMINISTER
