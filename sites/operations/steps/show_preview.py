"""A swap with preview: the source's address shows the prepared revision until a person completes or cancels."""

from sites.models import Kind, Operation, Revision, RevisionState, Slot
from sites.operations import retention
from sites.operations.procedure import Progress
from sites.operations.steps import switch


def is_pending(operation: Operation) -> bool:
    """Whether the operation is a preview that nobody has asked to complete."""
    return operation.kind == Kind.SWAP and operation.swap.is_preview and operation.swap.complete_requested_at is None


def show(operation: Operation) -> None:
    """Lead the source's address to the revision prepared for the target; belongs to the transaction of the step.

    The one case in which an address reaches another slot's sticky settings; production is not touched.
    """
    source, prepared = _sides(operation)
    if source.live_revision_id == prepared.pk:
        return
    Revision.objects.filter(live_slots=source).update(state=RevisionState.RETAINED, retained_until=None)
    Revision.objects.filter(pk=prepared.pk).update(state=RevisionState.SERVING)
    Slot.objects.filter(pk=source.pk).update(live_revision=prepared)
    operation.held_site.touch_routes()


def wait_until_shown(operation: Operation) -> Progress:
    """Until every registered router has acknowledged the preview; then a person decides.

    Raises RoutesRefused when every router refuses it.
    """
    answer = switch.acknowledged(operation)
    if answer.missing:
        return Progress(False, answer.sentence)
    source, _prepared = _sides(operation)
    return Progress(False, f"'{source.title}' shows what production will serve", is_waiting=True)


def withdraw(operation: Operation) -> None:
    """Give the source's address back to its own revision; belongs to the transaction that ends the operation."""
    source = Slot.objects.select_for_update(of=("self",)).filter(swaps_from__operation=operation).first()
    own = Revision.objects.filter(changes_from__operation=operation, changes_from__slot=source).first()
    if source is None or own is None or source.live_revision is None or source.live_revision == own:
        return
    retention.drain(source.live_revision)
    Revision.objects.filter(pk=own.pk).update(state=RevisionState.SERVING)
    Slot.objects.filter(pk=source.pk).update(live_revision=own)
    operation.held_site.touch_routes()


def _sides(operation: Operation) -> tuple[Slot, Revision]:
    """The source as it is now, and the revision that was prepared for the target."""
    source = Slot.objects.select_related("site").get(swaps_from__operation=operation)
    target = operation.changes.exclude(slot=source).select_related("revision_after").get()
    return source, target.prepared
