"""What Prometheus scrapes: the figures of the slots that are used, and of Greenroom itself."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from sites.models import Operation, Rest, Slot
from sites.monitoring.counters import State, present_state
from sites.monitoring.figures import EDGES

OF_A_SLOT = ("site", "slot")


class SlotCollector(Collector):
    """Counters as they were at the last look, ten seconds ago at most; two queries for any number of slots."""

    def collect(self) -> Iterator[Metric]:
        """Every family once."""
        state = present_state()
        named = Slot.objects.filter(pk__in={*state.codes, *state.times}).values_list("pk", "site__name", "name")
        slots = {str(pk): (site, slot) for pk, site, slot in named}
        yield _requests(state, slots)
        yield _times(state, slots)


class GreenroomCollector(Collector):
    """What there is, and what is being worked on."""

    def collect(self) -> Iterator[Metric]:
        """Every family once."""
        slots = GaugeMetricFamily(
            "greenroom_slots", "Slots by what they do: running, unloaded, stopped.", labels=["state"]
        )
        states: Counter[str] = Counter()
        found = Slot.objects.order_by().values_list("is_running", "live_revision__rest").annotate(Count("pk"))
        for is_running, rest, count in found:
            states["stopped" if not is_running else "unloaded" if rest == Rest.UNLOADED else "running"] += count
        for state, count in states.items():
            slots.add_metric([state], count)
        yield slots
        operations = GaugeMetricFamily("greenroom_open_operations", "Operations that have not ended.", labels=["state"])
        open_ones = Operation.objects.filter(state__in=Operation.OPEN).order_by()
        for state, count in open_ones.values_list("state").annotate(Count("pk")):
            operations.add_metric([state], count)
        yield operations


def exposition() -> bytes:
    """Everything, as text in the format of Prometheus 0.0.4."""
    registry = CollectorRegistry()
    registry.register(SlotCollector())
    registry.register(GreenroomCollector())
    return generate_latest(registry)


def _requests(state: State, slots: dict[str, tuple[str, str]]) -> Metric:
    family = CounterMetricFamily(
        "greenroom_http_requests", "Answers to requests, since the router began.", labels=[*OF_A_SLOT, "code"]
    )
    for slot, codes in state.codes.items():
        for code, count in codes.items() if slot in slots else ():
            family.add_metric([*slots[slot], code], count)
    return family


def _times(state: State, slots: dict[str, tuple[str, str]]) -> Metric:
    family = HistogramMetricFamily(
        "greenroom_http_request_duration_seconds", "Time of answers, since the router began.", labels=OF_A_SLOT
    )
    for slot, times in state.times.items():
        if slot not in slots:
            continue
        counts = {float(bound): count for bound, count in times.items()}
        passed, buckets = 0, []
        for edge in EDGES[1:]:
            passed += counts.get(float(edge), 0)
            buckets.append((str(edge / 1000), passed))
        family.add_metric(slots[slot], [*buckets, ("+Inf", sum(counts.values()))], sum_value=None)
    return family
