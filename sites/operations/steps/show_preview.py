"""Step PREPARED: the source's address shows the prepared revision until a person completes or cancels the swap."""

from sites.models import Revision, RevisionState, Slot
from sites.operations import retention, routers, stays
from sites.operations.procedure import Progress
from sites.operations.turn import Turn


def show(turn: Turn) -> None:
    """Lead the source's address to the revision prepared for the target; belongs to the transaction of the step.

    The one case in which an address reaches another slot's sticky settings; production is not touched.
    """
    source, prepared = _sides(turn)
    if source.live_revision_id == prepared.pk:
        return
    retention.remember(turn)
    Revision.objects.filter(live_slots=source).update(state=RevisionState.RETAINED, retained_until=None)
    Revision.objects.filter(pk=prepared.pk).update(state=RevisionState.SERVING)
    Slot.objects.filter(pk=source.pk).update(live_revision=prepared)
    source.live_revision = prepared
    stays.follow([source], turn.now(), turn.operation)
    turn.site.touch_routes()


def wait(turn: Turn) -> Progress:
    """Until every registered router has acknowledged the preview; then a person decides.

    Raises RoutesRefused when every router refuses it.
    """
    answer = routers.acknowledged(turn)
    if answer.missing:
        return Progress(False, answer.sentence)
    source, _prepared = _sides(turn)
    return Progress(False, f"'{source.title}' shows what production will serve", is_waiting=True)


def withdraw(turn: Turn) -> None:
    """Give the source's address back to its own revision; belongs to the transaction that ends the operation."""
    source = Slot.objects.select_for_update(of=("self",)).filter(swaps_from__operation=turn.operation).first()
    own = Revision.objects.filter(changes_from__operation=turn.operation, changes_from__slot=source).first()
    if source is None or own is None or source.live_revision is None or source.live_revision == own:
        return
    retention.drain(source.live_revision)
    Revision.objects.filter(pk=own.pk).update(state=RevisionState.SERVING)
    Slot.objects.filter(pk=source.pk).update(live_revision=own)
    source.live_revision = own
    stays.follow([source], turn.now(), turn.operation)
    retention.give_back(turn)
    turn.site.touch_routes()


def _sides(turn: Turn) -> tuple[Slot, Revision]:
    """The source as it is now, and the revision that was prepared for the target."""
    source = Slot.objects.select_related("site").get(swaps_from__operation=turn.operation)
    target = turn.operation.changes.exclude(slot=source).select_related("revision_after").get()
    return source, target.prepared
