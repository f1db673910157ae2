"""Autoscale: every few seconds, a look at the slots whose count is not left to people.

A decision is an operation of its own. It never waits for another one: while something else has the slot nothing is
decided, and what a person asks for goes past it.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from sites import capacity
from sites.errors import NotEnoughMemory
from sites.jobs import metrics
from sites.jobs.deciding import Decision, Situation, decide
from sites.models import Autoscale, MetricSample, Mode, Operation, ScaleMetric, Stay
from sites.models.clock import now
from sites.operations import unasked
from sites.operations.kinds.autoscale import AUTOSCALE
from sites.planning import make_plan

ACTOR = "Autoscale"
FULL_PERCENT = 100
NOT_IN_FORCE = (
    "It wanted {count} instances, but settings that were saved are not in force. Restart '{name}', and it goes on."
)


def run() -> list[Operation]:
    """Look at every rule once; the operations that were begun, which are still to be enqueued."""
    moment = now()
    begun = (_look(rule, moment) for rule in _rules())
    return [operation for operation in begun if operation is not None]


def _rules() -> list[Autoscale]:
    """Those in force: on a running production slot, in a mode that has autoscale, that nothing else has at present."""
    modes = [mode for mode in Mode if mode.limits.has_autoscale]
    is_free = Q(slot__hold=None, slot__is_running=True, slot__is_production=True, slot__live_revision__isnull=False)
    found = Autoscale.objects.filter(is_free, is_on=True, slot__site__mode__in=modes)
    return list(found.select_related("slot__site__subscription", "slot__live_revision", "slot__workload"))


def _look(rule: Autoscale, moment: datetime) -> Operation | None:
    decision = decide(situation_of(rule, moment))
    if decision is None:
        return None
    slot = rule.slot
    plan = make_plan(slot, slot.current_workload, slot.current_workload.active_deployment)
    if slot.live_revision is None or plan.fingerprint != slot.live_revision.fingerprint:
        _put_off(rule, moment, NOT_IN_FORCE.format(count=decision.count, name=slot.title))
        return None
    try:
        return _begin(rule, decision, moment)
    except NotEnoughMemory as refusal:
        _put_off(rule, moment, str(refusal))
        return None


def situation_of(rule: Autoscale, moment: datetime) -> Situation:
    """What its rule says at `moment`, and the figures since the last change."""
    slot, mode = rule.slot, Mode(rule.slot.site.mode)
    times = rule.times_at(moment)
    wanted = rule.range_of(times)
    quiet = (moment - rule.changed_at).total_seconds() if rule.changed_at else float("inf")
    return Situation(
        count=slot.instance_count,
        least=min(wanted.least, mode.max_instances),
        most=min(wanted.most, mode.max_instances),
        times=times,
        metric=ScaleMetric(rule.metric),
        low=rule.low,
        high=rule.high,
        value=_value(rule, moment),
        quiet_seconds=quiet,
        out_seconds=rule.out_seconds,
        in_seconds=rule.in_seconds,
    )


def _value(rule: Autoscale, moment: datetime) -> float | None:
    """The metric on average, over the figures of what the slot shows now; None with too few of them."""
    begin = moment - timedelta(seconds=settings.AUTOSCALE_WINDOW_SECONDS)
    shown = Stay.objects.filter(slot=rule.slot, ended_at=None).order_by("-began_at").values_list("began_at", flat=True)
    since = max(filter(None, (begin, rule.changed_at, shown.first())))
    span = timedelta(seconds=metrics.SECONDS)
    samples = MetricSample.objects.filter(
        slot=rule.slot, seconds=metrics.SECONDS, began_at__gte=since, began_at__lte=moment - span
    )
    found = [figures for figures in samples.values_list("figures", flat=True) if figures.get("instances")]
    if len(found) < max(1, settings.AUTOSCALE_WINDOW_SECONDS // metrics.SECONDS // 2):
        return None
    instances = sum(figures["instances"] for figures in found)
    if rule.metric == ScaleMetric.REQUESTS:
        return float(sum(figures.get("in_flight", 0) for figures in found) / instances)
    offered_ms = instances * metrics.SECONDS * 1000 * rule.slot.site.size.figures.cpu_percent / FULL_PERCENT
    return float(min(FULL_PERCENT, FULL_PERCENT * sum(figures.get("cpu_ms", 0) for figures in found) / offered_ms))


def _begin(rule: Autoscale, decision: Decision, moment: datetime) -> Operation | None:
    """None when somebody was here first. Raises NotEnoughMemory; then nothing was changed."""
    slot = rule.slot
    with transaction.atomic():
        mine = Autoscale.objects.filter(pk=rule.pk, is_on=True, changed_at=rule.changed_at)
        if not mine.update(changed_at=moment, note=""):
            return None
        operation = unasked.begin(
            AUTOSCALE,
            actor_name=ACTOR,
            site=slot.site,
            slots=[slot],
            target=slot.title,
            count=decision.count,
            reason=decision.reason,
        )
        if operation is None:
            transaction.set_rollback(True)
            return None
        capacity.ensure_fits(operation, operation.changes.loaded())
    return operation


def _put_off(rule: Autoscale, moment: datetime, note: str) -> None:
    """Say why nothing came of it; tried again after the time that follows a change."""
    Autoscale.objects.filter(pk=rule.pk).update(changed_at=moment, note=note[:300])
