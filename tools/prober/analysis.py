"""What the records of a load prove about swaps; pure functions of plain data.

Time is cut into epochs: epoch 0 is before the first switch, epoch n what the n-th switch brought. From the request
for a switch until its end both epochs may answer. A request fits an epoch when it was under way in that span and was
answered by the version that the epoch has at its host. Both host names of a site change in the same step, so they
share epochs.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tools.prober.records import Record, Trouble

FOREVER = float("inf")
SHOWN_FAILURES = 10


@dataclass(frozen=True, slots=True)
class Switch:
    """One swap that succeeded. Times are monotonic seconds."""

    requested_at: float
    acknowledged_at: float
    """Every router had taken the routes."""
    succeeded_at: float
    """The operation said so."""
    versions: Mapping[str, str]
    """Host name → the version that it serves from now on."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What holds for one site during a load."""

    before: Mapping[str, str]
    """Host name → the version that it served at the beginning; host names that are missing are not looked at."""
    switches: Sequence[Switch] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    """Host name → what X-Slot must say; host names that are missing are not held to it."""


@dataclass(frozen=True, slots=True)
class Findings:
    """The figures of one or several sites."""

    requests: int = 0
    failed: int = 0
    stale_after_swap: int = 0
    """Sent after the operation said Succeeded, answered by the version from before."""
    stale_after_ack: int = 0
    """The same, counted from the routers' acknowledgement."""
    went_back: int = 0
    """Clients that saw the new version and then the old one, on one connection or on several."""
    went_back_on_connection: int = 0
    """Of these, on one connection."""
    largest_inversion_ms: float = 0.0
    """From an answer by the new version to the latest later request that the old one answered."""
    mixups: int = 0
    """Answers by a process that holds another slot's sticky settings."""
    sessions_lost: int = 0
    reopened: int = 0
    by_kind: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    """What went wrong → how often; the ten most frequent."""

    @property
    def is_clean(self) -> bool:
        """Nothing happened that a visitor could have noticed."""
        return not (self.failed or self.stale_after_swap or self.went_back or self.mixups or self.sessions_lost)


@dataclass(frozen=True, slots=True)
class _Epoch:
    versions: Mapping[str, str]
    begins_at: float
    ends_at: float
    """No request that is sent later may be answered by it."""

    def fits(self, record: Record) -> bool:
        return (
            self.versions.get(record.host) == record.version
            and record.done_at >= self.begins_at
            and record.sent_at <= self.ends_at
        )


def analyse(records: Iterable[Record], expectation: Expectation) -> Findings:
    """Judge the records of one site."""
    own = sorted((record for record in records if record.host in expectation.before), key=lambda one: one.sent_at)
    answered = [record for record in own if record.trouble is None or record.version]
    by_end = _epochs(expectation, [switch.succeeded_at for switch in expectation.switches])
    by_ack = _epochs(expectation, [switch.acknowledged_at for switch in expectation.switches])
    troubles = Counter(_describe(record) for record in own if record.trouble)
    stale = 0
    for record in answered:
        if any(epoch.fits(record) for epoch in by_end):
            continue
        if _is_stale(record, by_end):
            stale += 1
        elif record.trouble is None:
            troubles[f"{record.kind}: version '{record.version}' at {record.host}, which served another"] += 1
    reversals = _reversals(answered, by_end, lambda record: record.client)
    strict = _reversals(answered, by_end, lambda record: record.connection)
    return Findings(
        requests=len(own),
        failed=sum(troubles.values()),
        stale_after_swap=stale,
        stale_after_ack=sum(_is_stale(one, by_ack) for one in answered if not any(e.fits(one) for e in by_ack)),
        went_back=len(reversals),
        went_back_on_connection=len(strict),
        largest_inversion_ms=round(max(reversals.values(), default=0.0) * 1000, 3),
        mixups=sum(one.mark != expectation.marks.get(one.host, one.mark) for one in answered),
        sessions_lost=len({one.client for one in own if one.trouble is Trouble.SIGNED_OUT}),
        reopened=sum(one.is_reopened for one in own),
        by_kind=dict(Counter(one.kind for one in own)),
        failures=dict(troubles.most_common(SHOWN_FAILURES)),
    )


def combine(findings: Iterable[Findings]) -> Findings:
    """The figures of several sites together."""
    every = list(findings)
    by_kind: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    for one in every:
        by_kind.update(one.by_kind)
        failures.update(one.failures)
    return Findings(
        requests=sum(one.requests for one in every),
        failed=sum(one.failed for one in every),
        stale_after_swap=sum(one.stale_after_swap for one in every),
        stale_after_ack=sum(one.stale_after_ack for one in every),
        went_back=sum(one.went_back for one in every),
        went_back_on_connection=sum(one.went_back_on_connection for one in every),
        largest_inversion_ms=max((one.largest_inversion_ms for one in every), default=0.0),
        mixups=sum(one.mixups for one in every),
        sessions_lost=sum(one.sessions_lost for one in every),
        reopened=sum(one.reopened for one in every),
        by_kind=dict(by_kind),
        failures=dict(failures.most_common(SHOWN_FAILURES)),
    )


def _epochs(expectation: Expectation, ends: Sequence[float]) -> list[_Epoch]:
    begins = [-FOREVER, *(switch.requested_at for switch in expectation.switches)]
    versions = [expectation.before, *(switch.versions for switch in expectation.switches)]
    return [_Epoch(*parts) for parts in zip(versions, begins, [*ends, FOREVER], strict=True)]


def _is_stale(record: Record, epochs: Sequence[_Epoch]) -> bool:
    """The version is one that had been replaced when the request was sent."""
    return any(epoch.versions.get(record.host) == record.version and epoch.ends_at < record.sent_at for epoch in epochs)


def _reversals(
    records: Sequence[Record], epochs: Sequence[_Epoch], group_by: Callable[[Record], str]
) -> dict[str, float]:
    """Group → largest inversion in seconds, of those that went from an epoch back to an earlier one."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[group_by(record)].append(record)
    found: dict[str, float] = {}
    for name, sequence in groups.items():
        reached, reached_at = 0, sequence[0].sent_at
        for record in sequence:
            fitting = [number for number, epoch in enumerate(epochs) if epoch.fits(record)]
            later = [number for number in fitting if number >= reached]
            if later:
                if later[0] > reached:
                    reached, reached_at = later[0], record.done_at
            elif any(epoch.versions.get(record.host) == record.version for epoch in epochs[:reached]):
                found[name] = max(found.get(name, 0.0), record.sent_at - reached_at)
    return found


def _describe(record: Record) -> str:
    return f"{record.kind}: {record.trouble}" + (f" ({record.detail})" if record.detail else "")
