"""How operations and their steps are worded in templates."""

from datetime import datetime

from django import template

from portal import notifications, workers
from portal.command_bar import slot_address
from portal.operation_commands import kept_slot
from portal.operation_query import OperationQuery
from sites import endings
from sites.models import DeletedSlot, Deployment, Instance, Operation, OperationState, OperationStep, Site, Slot, Swap
from sites.models.clock import reckoned
from sites.operations.kinds import kind_of
from sites.plain_text import visible
from sites.services import swaps
from sites.services.rollback import RollBackOffer, offer_roll_back

register = template.Library()


@register.filter
def sentence(operation: Operation) -> str:
    """What the bar says of it."""
    return notifications.sentence(operation)


@register.simple_tag
def present_sentence(operation: Operation) -> str:
    """The same, and where nobody works on an open operation, that."""
    return workers.away_sentence(operation) or notifications.sentence(operation)


@register.filter
def kind_title(operation: Operation) -> str:
    """What it is, as a caption."""
    return kind_of(operation).title


@register.filter
def mood(operation: Operation) -> str:
    """Which of the bars: waiting for a person, progress, a plain notice, success or failure."""
    if operation.state == OperationState.WAITING:
        return "waiting"
    if operation.is_open or operation.goes_on:
        return "progress"
    if operation.state == OperationState.CANCELLED:
        return "notice"
    return "failure" if notifications.has_failed(operation) else "success"


@register.filter
def first_line(text: str) -> str:
    """A sentence without the log lines that may follow it."""
    return visible(text.partition("\n")[0])


@register.filter
def last_lines(text: str) -> str:
    """The log lines after a sentence, if there are any."""
    return visible(text.partition("\n")[2].strip("\n"), keep="\n\t")


@register.filter
def how_ended(instance: Instance, site: Site) -> str:
    """How an instance ended last, as the rest of a sentence."""
    return endings.how_ended(instance.exit_code, instance.end_reason, memory_mb=site.size.figures.memory_mb)


@register.filter
def seconds(span: OperationStep | Swap) -> str:
    """How long a step or a swap took, or takes so far."""
    began, ended = (
        (span.started_at, span.ended_at)
        if isinstance(span, OperationStep)
        else (span.begun_at, span.operation.ended_at)
    )
    spent = ((ended or reckoned()) - began).total_seconds()
    if spent >= 60:
        return f"{int(spent // 60)} min {int(spent % 60)} s"
    # Most steps of a swap take some hundredths; the swap itself is said as its outcome says it
    digits = 2 if spent < 1 and isinstance(span, OperationStep) else 1
    return f"{max(spent, 0):.{digits}f} s"


@register.filter
def preview_ends_at(operation: Operation) -> datetime | None:
    """When a swap that is prepared is cancelled automatically."""
    return swaps.preview_ends_at(operation)


@register.filter
def content_name(deployment: Deployment | None) -> str:
    """A deployment by message and id; the placeholder page where there is none."""
    return swaps.content_name(deployment)


@register.simple_tag
def roll_back_offer(operation: Operation) -> RollBackOffer | None:
    """What undoing this swap means now; None for what is no swap, or not the last one, or undone already."""
    swap = getattr(operation, "swap", None)
    if swap is None or operation.site is None or operation.state != OperationState.SUCCEEDED:
        return None
    offer = offer_roll_back(operation.site) if swap.rolled_back_by_id is None else None
    return offer if offer and offer.swap.operation_id == operation.pk else None


@register.simple_tag
def published_to(operation: Operation) -> Slot | None:
    """The staging slot that a publication has just changed, to look at and to swap; None for everything else."""
    deployment = getattr(operation, "deployment", None)
    if deployment is None or operation.state != OperationState.SUCCEEDED or hasattr(operation, "swap"):
        return None
    slot = deployment.slot
    return slot if slot is not None and not slot.is_production and slot.is_running else None


@register.simple_tag
def address_to_browse(slot: Slot) -> str:
    """Where visitors reach the slot."""
    return slot_address(slot)


@register.filter
def seconds_left(offer: RollBackOffer) -> int:
    """Whole seconds until the end of the roll-back window; 0 where it has none or is over."""
    return max(0, int(offer.seconds_left)) if offer.until else 0


@register.filter
def time_left(offer: RollBackOffer) -> str:
    """The same as minutes and seconds: 9:58."""
    return f"{seconds_left(offer) // 60}:{seconds_left(offer) % 60:02}"


@register.filter
def kept(operation: Operation) -> DeletedSlot | None:
    """What of the operation's deleted slots can be restored."""
    return kept_slot(operation)


@register.simple_tag
def selecting_operation(query: OperationQuery, operation: Operation) -> str:
    """The logs with that operation selected."""
    return query.address(selected=str(operation.public_id))


@register.simple_tag
def operations_page(query: OperationQuery, number: int) -> str:
    """Another page of the logs."""
    return query.address(page="" if number == 1 else str(number), selected="")
