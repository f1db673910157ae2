"""The events that tell programs of an operation; each belongs to the transaction of what it tells."""

from sites.events import operations
from sites.events.types import PREVIEW_WAITING
from sites.models import OperationState, Site
from sites.operations.turn import Turn


def of_end(turn: Turn, state: OperationState, outcome: str, *, error_code: str) -> None:
    """It has ended so."""
    site = turn.operation.site
    if site is not None and state != OperationState.SUCCEEDED:  # with a creation its site is taken back
        site = Site.objects.filter(pk=site.pk).first()
    families = turn.kind.event_families(turn.operation, turn.changes)
    _record(turn, [f"{family}.{state}" for family in families], site, outcome, error_code)


def of_preview(turn: Turn) -> None:
    """It waits for a person."""
    sentence = f"{turn.what} of '{turn.operation.target}' is prepared. Look at the preview, then complete or cancel it."
    _record(turn, [PREVIEW_WAITING.name], turn.operation.site, sentence, "")


def _record(turn: Turn, names: list[str], site: Site | None, sentence: str, error_code: str) -> None:
    operation = turn.operation
    operations.record(
        names,
        operation,
        turn.changes,
        kind=turn.kind.name,
        site=site,
        sentence=sentence,
        seconds=(turn.now() - operation.created_at).total_seconds(),
        error_code=error_code,
    )
