"""Figures of the slots that are used, every ten seconds, and rolled up to minutes and hours.

The counters of the router and of the runtime only grow. What they have grown by since the last look is written down
together with the counters themselves, in one transaction. So nothing counts twice or is lost when this process dies.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from sites.errors import Unreachable
from sites.models import Autoscale, MetricSample, MetricState, Revision, Slot, Stay
from sites.models.clock import now
from sites.monitoring import releases
from sites.monitoring.counters import State, Table, read_state
from sites.monitoring.figures import Figures, grown, of_codes, together
from sites.router import get_router
from sites.router.statistics import Statistics
from sites.runtime.registry import get_runtime

SECONDS = 10
TURN = "metrics turn"
LEASE_SECONDS = 60.0
"""So long a worker that dies keeps the others out."""
KEPT = {SECONDS: timedelta(hours=2), 60: timedelta(days=2), 3600: timedelta(days=100)}
"""Span of a sample → how long it is kept."""
LINGER_SECONDS = 600
"""After its last request a slot is looked at for so long; one that nobody visits costs nothing."""


def run() -> None:
    """One look. Raises RouterUnreachable, then nothing was changed."""
    former = read_state(MetricState.objects.first())  # first: what another worker reads later has grown from it as well
    counted = get_router().statistics()
    taken = time.monotonic()
    figures = _requests(former, counted, taken)
    stays = _stays(figures, counted)
    processes = _add_usage(figures, former, stays)
    _add_bytes(figures, former, counted, stays)
    with transaction.atomic():
        row = MetricState.objects.select_for_update().first()
        present = read_state(row)
        if present.taken != former.taken and row is not None:
            return  # another worker was here meanwhile, and what it has taken is not to be counted again
        moment = now()
        known = set(Slot.objects.filter(pk__in=figures).values_list("pk", flat=True))
        _write({slot: found for slot, found in figures.items() if slot in known}, SECONDS, _floor(moment, SECONDS))
        visited = [slot for slot, found in figures.items() if found.get("requests")]
        Revision.objects.filter(live_slots__in=visited).update(used_at=moment)
        state = _next(former, counted, taken, processes, figures)
        _roll_up(state, moment)
        MetricState.objects.update_or_create(pk=1, defaults={"data": state.packed()})


def add(figures: Mapping[int, Figures], moment: datetime) -> None:
    """Figures that somebody else has measured, by slot; belongs in a transaction that holds the row of MetricState."""
    _write(figures, SECONDS, _floor(moment, SECONDS))


def _text(table: Mapping[int, dict[str, int]]) -> Table:
    return {str(key): value for key, value in table.items()}


def _is_new(former: State, counted: Statistics) -> bool:
    """Whether another run of the router has counted. Its clock would not tell: an answer may be late."""
    return former.process not in ("", counted.process)


def _requests(former: State, counted: Statistics, taken: float) -> dict[int, Figures]:
    """What each slot has answered since the last look; empty for those that were visited a while ago, or whose
    instance count depends on their figures."""
    lingering = {int(slot) for slot, at in former.used.items() if 0 <= taken - at < LINGER_SECONDS}
    lingering |= set(Autoscale.objects.filter(is_on=True).values_list("slot", flat=True))
    if not former.taken:
        return {}  # nobody knows how long what was counted took
    figures: dict[int, Figures] = {slot: {} for slot in lingering}
    is_new = _is_new(former, counted)
    for slot, codes in counted.codes.items():
        if growth := grown({} if is_new else former.codes.get(str(slot), {}), codes):
            figures[slot] = of_codes(growth)
    for slot in figures:
        times = counted.times.get(slot, {})
        if growth := grown({} if is_new else former.times.get(str(slot), {}), times):
            figures[slot]["times"] = growth
    return figures


def _stays(figures: Mapping[int, Figures], counted: Statistics) -> dict[int, int]:
    """Revision → the slot in which it stays, or stayed last; of all that have counted bytes or serve a used slot."""
    revisions = counted.received.keys() | counted.sent.keys() | counted.active.keys()
    rows = Stay.objects.filter(Q(revision__in=revisions) | Q(slot__in=figures, ended_at=None))
    return dict(rows.order_by("began_at", "pk").values_list("revision_id", "slot_id"))


def _add_bytes(figures: dict[int, Figures], former: State, counted: Statistics, stays: Mapping[int, int]) -> None:
    """What came in and went out at the instances, and what they have in progress, to the slot in which they are now."""
    is_new = _is_new(former, counted)
    for busy, held in counted.active.items():
        slot = stays.get(busy)
        if slot in figures and held:
            figures[slot]["in_flight"] = figures[slot].get("in_flight", 0) + held
    ways = (("bytes_in", former.sent, counted.sent), ("bytes_out", former.received, counted.received))
    for name, before, present in ways:
        growth = grown({} if is_new else before, {str(revision): count for revision, count in present.items()})
        for revision, count in growth.items():
            slot = stays.get(int(revision))
            if slot in figures:
                figures[slot][name] = figures[slot].get(name, 0) + count


def _add_usage(figures: dict[int, Figures], former: State, stays: Mapping[int, int]) -> dict[str, list[float]]:
    """Processor time, memory and instances of the slots that are used; what the runtime says of each process."""
    slots = {revision: slot for revision, slot in stays.items() if slot in figures}
    processes: dict[str, list[float]] = {}
    if not slots:
        return processes
    with suppress(Unreachable):
        for one in get_runtime().usage(slots):
            found, key = figures[slots[one.revision_id]], f"{one.revision_id}/{one.ordinal}"
            processes[key] = [one.started, one.cpu_ms]
            started, before = former.processes.get(key, (0.0, 0))
            is_same = started == one.started and before <= one.cpu_ms
            is_known = key in former.processes
            if spent := int(one.cpu_ms - before if is_same else one.cpu_ms if is_known else 0):
                found["cpu_ms"] = found.get("cpu_ms", 0) + spent
            found["memory"] = found.get("memory", 0) + one.memory
            found["instances"] = found.get("instances", 0) + 1
        return processes
    return former.processes


def _next(
    former: State,
    counted: Statistics,
    taken: float,
    processes: dict[str, list[float]],
    figures: Mapping[int, Figures],
) -> State:
    visited = {str(slot): taken for slot, found in figures.items() if found.get("requests")}
    lingering = {slot: at for slot, at in former.used.items() if 0 <= taken - at < LINGER_SECONDS}
    return State(
        taken=taken,
        process=counted.process,
        codes=_text(counted.codes),
        times=_text(counted.times),
        received={str(revision): count for revision, count in counted.received.items()},
        sent={str(revision): count for revision, count in counted.sent.items()},
        processes=processes,
        used=lingering | visited,
        rolled=dict(former.rolled),
    )


def _write(figures: Mapping[int, Figures], seconds: int, began_at: datetime) -> None:
    """Add figures to a span; a clock that was set back may come to one that is there."""
    there = {row.slot_id: row for row in MetricSample.objects.filter(seconds=seconds, began_at=began_at)}
    met = [row for slot, row in there.items() if slot in figures]
    for row in met:
        row.figures = together([row.figures, figures[row.slot_id]])
    MetricSample.objects.bulk_update(met, ["figures"])
    MetricSample.objects.bulk_create(
        MetricSample(slot_id=slot, seconds=seconds, began_at=began_at, figures=found)
        for slot, found in figures.items()
        if slot not in there and found
    )


def _roll_up(state: State, moment: datetime) -> None:
    """Put complete minutes and hours together, once each, and remove what is too old."""
    for short, long in ((SECONDS, 60), (60, 3600)):
        end = _floor(moment, long)
        begin = datetime.fromisoformat(state.rolled.get(str(long), end.isoformat()))
        if begin < end:
            spans = MetricSample.objects.filter(seconds=short, began_at__gte=begin, began_at__lt=end)
            _put_together(spans, long)
            if short == SECONDS:
                releases.credit(spans, begin, end)
            for seconds in (short, long):
                MetricSample.objects.filter(seconds=seconds, began_at__lt=moment - KEPT[seconds]).delete()
        if begin > end + timedelta(seconds=long):
            begin = end  # the clock was set back
        state.rolled[str(long)] = max(begin, end).isoformat()


def _put_together(rows: QuerySet[MetricSample], seconds: int) -> None:
    spans: dict[datetime, dict[int, list[Figures]]] = defaultdict(lambda: defaultdict(list))
    for slot, began_at, figures in rows.values_list("slot_id", "began_at", "figures"):
        spans[_floor(began_at, seconds)][slot].append(figures)
    for began_at, slots in spans.items():
        _write({slot: together(found) for slot, found in slots.items()}, seconds, began_at)


def _floor(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)
