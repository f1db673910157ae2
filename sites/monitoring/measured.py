"""What alert rules look at, of many slots at once: the figures of the last minute, and what is so or not."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, OuterRef, Q, Subquery

from sites.general_settings import ENDPOINTS
from sites.models import Certificate, EndpointCheck, MetricSample, Operation, OperationState, SiteUsage, Slot, Swap
from sites.monitoring.figures import METRICS, Figures, together, value_of

SPAN = timedelta(minutes=1)
SAMPLE_SECONDS = 10
FIGURES = frozenset(metric.name for metric in METRICS)
ENDPOINT_MEASURES = frozenset(f"{name}_{what}" for name in ENDPOINTS for what in ("ms", "failed"))
"""They are judged by the last check, which need not be in the last minute."""
FRESH = timedelta(minutes=3)
"""An older check says nothing of now."""
Values = dict[tuple[int, str], float | None]
"""Slot id and name of the measure → its value; one that is missing was not measured."""


def measured(slots: Collection[Slot], wanted: Iterable[str], moment: datetime) -> Values:
    """The values of these measures in each slot, with one query for each kind of measure that is wanted."""
    names = frozenset(wanted)
    found: Values = {}
    if names & ENDPOINT_MEASURES:
        found |= _endpoints(slots, moment)
    if chosen := (names & FIGURES) - ENDPOINT_MEASURES:
        found |= _figures(slots, chosen, moment)
    if "crash_loop" in names:
        found |= {(slot.pk, "crash_loop"): _is_failing(slot) for slot in slots}
    if "swap_failed" in names:
        found |= _failed_swaps(slots)
    if "preview" in names:
        found |= _previews(slots, moment)
    if "certificate" in names:
        found |= _certificates(slots, moment)
    if "disk" in names:
        found |= _folders(slots)
    return found


def _figures(slots: Collection[Slot], names: Collection[str], moment: datetime) -> Values:
    """Of slots that run: what one that is stopped does not answer is no news."""
    running = {slot.pk for slot in slots if slot.is_running}
    spans: dict[int, list[Figures]] = defaultdict(list)
    rows = MetricSample.objects.filter(
        slot__in=running, seconds=SAMPLE_SECONDS, began_at__gt=moment - SPAN, began_at__lte=moment
    )
    for slot, figures in rows.values_list("slot_id", "figures"):
        spans[slot].append(figures)
    minutes = {slot: together(spans.get(slot, ())) for slot in running}
    return {(slot, name): value_of(figures, name) for slot, figures in minutes.items() for name in names}


def _endpoints(slots: Collection[Slot], moment: datetime) -> Values:
    found: Values = {}
    rows = EndpointCheck.objects.filter(slot__in={slot.pk for slot in slots}, checked_at__gt=moment - FRESH)
    for row in rows.defer("url"):
        found[row.slot_id, f"{row.name}_failed"] = float(bool(row.fault))
        found[row.slot_id, f"{row.name}_ms"] = row.milliseconds
    return found


def _is_failing(slot: Slot) -> float:
    live = slot.live_revision
    return float(live is not None and live.failing_since is not None)


def _failed_swaps(slots: Collection[Slot]) -> Values:
    """1 for a slot whose last swap has failed."""
    own = Q(source=OuterRef("pk")) | Q(target=OuterRef("pk"))
    ended = Swap.objects.filter(own, operation__state__in=(OperationState.SUCCEEDED, OperationState.FAILED))
    last = Subquery(ended.order_by("-operation__ended_at", "-pk").values("operation__state")[:1])
    rows = Slot.objects.filter(pk__in={slot.pk for slot in slots}).order_by().annotate(last=last)
    states = rows.values_list("pk", "last")
    return {(slot, "swap_failed"): float(state == OperationState.FAILED) for slot, state in states}


def _previews(slots: Collection[Slot], moment: datetime) -> Values:
    """Minutes for which a prepared swap has waited."""
    waiting = Operation.objects.filter(state=OperationState.WAITING, changes__slot__in={slot.pk for slot in slots})
    rows = waiting.order_by().values_list("changes__slot", "step_at")
    return {(slot, "preview"): (moment - since).total_seconds() / 60 for slot, since in rows if since is not None}


def _certificates(slots: Collection[Slot], moment: datetime) -> Values:
    """Days until the first certificate of a slot that is in use ends."""
    given = Certificate.objects.filter(slot__in={slot.pk for slot in slots}, host_names__isnull=False)
    rows = given.order_by().values_list("slot").annotate(first=Min("not_after"))
    return {(slot, "certificate"): (first - moment).total_seconds() / 86_400 for slot, first in rows}


def _folders(slots: Collection[Slot]) -> Values:
    """Percent of what the persistent folders of the web site may take, by the last measurement; 0: there are none."""
    usage = {row.site_id: row for row in SiteUsage.objects.filter(site__in={slot.site_id for slot in slots})}
    found: Values = {}
    for slot in slots:
        row = usage.get(slot.site_id)
        taken = (
            (row.folder_bytes if row else 0, settings.SITE_FOLDER_BYTES),
            (row.folder_files if row else 0, settings.SITE_FOLDER_FILES),
        )
        found[slot.pk, "disk"] = max((100 * used / most for used, most in taken if most), default=0.0)
    return found
