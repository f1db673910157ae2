"""A swap with preview: the source's address shows the prepared revision until a person completes or cancels."""

from sites.jobs import switch
from sites.jobs.procedure import Progress
from sites.models import Kind, Operation, Revision, RevisionState, Slot, SlotChange, Swap
from sites.routing import registered_nodes


def is_pending(operation: Operation) -> bool:
    """Whether the operation is a preview that nobody has asked to complete."""
    if operation.kind != Kind.SWAP:
        return False
    return Swap.objects.filter(operation=operation, is_preview=True, complete_requested_at=None).exists()


def show(operation: Operation) -> None:
    """Lead the source's address to the revision prepared for the target; belongs to the transaction of the step.

    The one case in which an address reaches another slot's sticky settings; production is not touched.
    """
    source, prepared = _sides(operation)
    if source.live_revision_id == prepared.pk:
        return
    Revision.objects.filter(pk=source.live_revision_id).update(state=RevisionState.RETAINED, retained_until=None)
    Revision.objects.filter(pk=prepared.pk).update(state=RevisionState.SERVING)
    Slot.objects.filter(pk=source.pk).update(live_revision=prepared)
    operation.site.touch_routes()


def wait_until_shown(operation: Operation) -> Progress:
    """Until every registered router has acknowledged the preview; then a person decides.

    Raises RoutesRefused when every router refuses it.
    """
    acknowledgement = switch.publish(operation.site)
    if acknowledgement.refusals and set(acknowledgement.refusals) >= registered_nodes():
        raise switch.refused(operation, acknowledgement)
    missing = switch.missing_nodes(acknowledgement, operation.site.routes_version)
    if missing:
        return Progress(False, switch.progress(missing))
    source, _prepared = _sides(operation)
    return Progress(False, f"'{source.title}' shows what production will serve", is_waiting=True)


def withdraw(operation: Operation) -> None:
    """Give the source's address back to its own revision; belongs to the transaction that ends the operation."""
    change = _source_change(operation)
    if change is None or change.revision_before_id is None:
        return
    source = Slot.objects.select_for_update(of=("self",)).get(pk=change.slot_id)
    if source.live_revision_id == change.revision_before_id:
        return
    switch.drain(source.live_revision)
    Revision.objects.filter(pk=change.revision_before_id).update(state=RevisionState.SERVING)
    Slot.objects.filter(pk=source.pk).update(live_revision=change.revision_before)
    operation.site.touch_routes()


def _sides(operation: Operation) -> tuple[Slot, Revision]:
    """The source as it is now, and the revision that was prepared for the target."""
    change = _source_change(operation)
    target = operation.changes.exclude(pk=change.pk).select_related("revision_after").get()
    return Slot.objects.select_related("site").get(pk=change.slot_id), target.revision_after


def _source_change(operation: Operation) -> SlotChange | None:
    return operation.changes.filter(slot__swaps_from__operation=operation).select_related("revision_before").first()
