"""What each stay of a revision in a slot did, and what it changed against the one before: the release report.

Figures are added to a stay minute by minute. So they outlast the samples that they come from. What changed is written
down soon after the switch, while the content of both deployments is there; of settings only the names are.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from sites.content import store
from sites.general_settings import TITLES
from sites.models import Deployment, MetricSample, Operation, Revision, Slot, Stay
from sites.monitoring.counters import present_state
from sites.monitoring.figures import Figures, percentile, together

MAX_NAMED = 200
"""Files of each kind whose names are kept."""
_TWICE = "APPSETTING_"
"""In front of an app setting's second name."""

Changes = dict[str, Any]
"""files: None where unknown, else added, changed, removed (names), count and same (numbers); settings: [name, how]."""


@dataclass(frozen=True, slots=True)
class Release:
    """One stay with all that is known of it at `moment`."""

    stay: Stay
    figures: Figures
    moment: datetime

    @property
    def deployment(self) -> Deployment | None:
        """What was served; None for the placeholder page, and where it is gone."""
        return self.stay.revision.deployment

    @property
    def operation(self) -> Operation | None:
        """What brought it."""
        return self.stay.operation

    @property
    def seconds(self) -> float:
        """How long it has been there, or was."""
        return ((self.stay.ended_at or self.moment) - self.stay.began_at).total_seconds()

    @property
    def requests(self) -> int:
        """Answered by it."""
        return int(self.figures.get("requests", 0))

    @property
    def errors(self) -> int:
        """Answered with 5xx."""
        return int(self.figures.get("5xx", 0))

    @property
    def error_share(self) -> float | None:
        """From 0 to 1; None without a request."""
        return self.errors / self.requests if self.requests else None

    @property
    def cpu_ms_per_request(self) -> float | None:
        """None without a request."""
        return self.figures.get("cpu_ms", 0) / self.requests if self.requests else None

    def latency(self, share: float) -> float | None:
        """Milliseconds within which that share of the answers came."""
        return percentile(self.figures.get("times", {}), share)

    @property
    def starts(self) -> int:
        """How often its instances were started again after they had ended by themselves, as far as they are known."""
        return sum(instance.restarts for instance in self.stay.revision.instances.all())


@dataclass(frozen=True, slots=True)
class Report:
    """A release beside another one of the same slot."""

    release: Release
    other: Release | None
    """None for the first one."""
    changes: Changes
    """From the other to the release."""


def stays_of(slot: Slot) -> QuerySet[Stay]:
    """All stays of the slot, newest first."""
    found = slot.stays.select_related("revision__deployment__workload", "operation__swap", "operation__site")
    found = found.defer("revision__snapshot", "operation__before").prefetch_related("revision__instances")
    return found.order_by("-began_at", "-pk")


def releases(slot: Slot, stays: list[Stay], moment: datetime) -> list[Release]:
    """With the figures up to the last look; the same number of queries for any number of stays."""
    counted_until = present_state().rolled.get("60")
    recent = MetricSample.objects.filter(slot=slot, seconds=10)
    if counted_until:
        recent = recent.filter(began_at__gte=datetime.fromisoformat(counted_until))
    samples = list(recent.order_by("began_at").values_list("began_at", "figures"))
    found = []
    for stay in stays:
        own = [figures for began_at, figures in samples if _is_within(stay, began_at)]
        found.append(Release(stay, together([stay.figures, *own]), moment))
    return found


def report(slot: Slot, stay: Stay, other: Stay | None, moment: datetime) -> Report:
    """`stay` beside `other`, or beside the stay before it."""
    before = stays_of(slot).filter(Q(began_at__lt=stay.began_at) | Q(began_at=stay.began_at, pk__lt=stay.pk)).first()
    beside = other or before
    pair = releases(slot, [stay, *([beside] if beside else [])], moment)
    if beside == before and stay.changes is not None:
        changes = stay.changes
    else:
        changes = changes_between(beside.revision if beside else None, stay.revision)
    return Report(pair[0], pair[1] if beside else None, changes)


def credit(samples: QuerySet[MetricSample], begin: datetime, end: datetime) -> None:
    """Add the samples from `begin` to `end`, which are not added yet, to the stays in which they were taken."""
    rows = list(samples.values_list("slot_id", "began_at", "figures"))
    present = Q(ended_at=None) | Q(ended_at__gt=begin)
    stays: dict[int, list[Stay]] = defaultdict(list)
    for stay in Stay.objects.filter(present, slot__in={slot for slot, *_ in rows}, began_at__lt=end):
        stays[stay.slot_id].append(stay)
    credited: dict[Stay, list[Figures]] = defaultdict(list)
    for slot, began_at, figures in rows:
        for stay in stays[slot]:
            if _is_within(stay, began_at):
                credited[stay].append(figures)
    for stay, own in credited.items():
        stay.figures = together([stay.figures, *own])
    Stay.objects.bulk_update(list(credited), ["figures"])


def changes_between(former: Revision | None, present: Revision) -> Changes:
    """From one revision to another; reads both contents and no value of a setting is part of it."""
    if former is None:
        return {"files": None, "settings": []}
    return {"files": _files(former.deployment, present.deployment), "settings": _settings(former, present)}


def _files(former: Deployment | None, present: Deployment | None) -> dict[str, Any] | None:
    if former is None or present is None:
        return None
    try:
        before, after = store.files(former.content_digest), store.files(present.content_digest)
    except FileNotFoundError:
        return None
    both = before.keys() & after.keys()
    names = {
        "added": after.keys() - before.keys(),
        "changed": {path for path in both if before[path] != after[path]},
        "removed": before.keys() - after.keys(),
    }
    shown = {how: sorted(paths)[:MAX_NAMED] for how, paths in names.items()}
    return shown | {"count": sum(map(len, names.values())), "same": len(both) - len(names["changed"])}


def _settings(former: Revision, present: Revision) -> list[list[str]]:
    before, after = _named(former), _named(present)
    found = []
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            how = "added" if name not in before else "removed" if name not in after else "changed"
            found.append([name, how])
    return found


def _named(revision: Revision) -> dict[str, object]:
    """The settings of a revision under the names that people know."""
    runnable = revision.runnable
    found: dict[str, object] = {name: value for name, value in runnable["env"].items() if not name.startswith(_TWICE)}
    found |= {TITLES[name]: is_on for name, is_on in runnable["switches"].items()}
    folders = (mount for mount in runnable["mounts"] if mount.get("is_writable", True))
    found |= {f"Folder {mount['target']}": mount["source"] for mount in folders}
    return found | {"Instance size": runnable["limits"], TITLES["start_command"]: runnable["command"]}


def _is_within(stay: Stay, moment: datetime) -> bool:
    return stay.began_at <= moment and (stay.ended_at is None or moment < stay.ended_at)
