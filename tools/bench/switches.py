"""What the records of a load say about single switches; pure functions of plain data."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tools.bench.open_loop import Sample
from tools.prober.records import Record

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Moment:
    """One switch, of any router. Times are monotonic seconds."""

    requested_at: float
    switched_at: float
    """Just before the new routes were committed, so that what is counted from here is rather too long."""
    versions: Mapping[str, str]
    """Host name → the version that it serves from now on; until now each served another."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Both sides at once, as somebody could see it who looks at all connections."""

    requests: int = 0
    """Sent after an answer of the new side was complete at the *other* host name, and given to the old side."""
    inversions: int = 0
    """The same, whatever the host name."""
    largest_inversion_ms: float = 0.0
    """From the first answer of the new side to the last later request that was given to the old one."""


def last_old_ms(moments: Sequence[Moment], records: Sequence[Record]) -> list[float]:
    """For each switch: milliseconds from it to the last request that the old side was given; 0 when none was sent."""
    found = []
    for moment, own in _spans(moments, records):
        old = [one.sent_at for one in own if one.version and one.version != moment.versions.get(one.host)]
        found.append(max(0.0, max(old, default=0.0) - moment.switched_at) * 1000)
    return found


def first_new(moments: Sequence[Moment], samples: Sequence[Sample], host: str) -> list[float]:
    """For each switch: seconds that the first request took which the new side was given at `host`."""
    by_due = sorted(samples, key=lambda sample: sample.due_at)
    dues = [sample.due_at for sample in by_due]
    found = []
    for moment, end in zip(moments, _ends(moments), strict=True):
        own = by_due[bisect_left(dues, moment.requested_at) : bisect_left(dues, end)]
        new = (one for one in own if one.host == host and one.is_right and one.version == moment.versions[host])
        if (first := next(new, None)) is not None:
            found.append(first.latency)
    return found


def mixture(moments: Sequence[Moment], records: Sequence[Record]) -> Mixture:
    """How often visitors were given the old side although the new one had already answered somebody."""
    requests = inversions = 0
    largest = 0.0
    for moment, own in _spans(moments, records):
        began: dict[str, float] = {}
        for one in own:
            if one.version == moment.versions.get(one.host):
                began[one.host] = min(one.done_at, began.get(one.host, FOREVER))
        anywhere = min(began.values(), default=FOREVER)
        for one in own:
            if not one.version or one.host not in moment.versions or one.version == moment.versions[one.host]:
                continue
            elsewhere = min((at for host, at in began.items() if host != one.host), default=FOREVER)
            requests += one.sent_at > elsewhere
            inversions += one.sent_at > anywhere
            largest = max(largest, one.sent_at - anywhere)
    return Mixture(requests, inversions, round(largest * 1000, 3))


def _spans(moments: Sequence[Moment], records: Sequence[Record]) -> Iterator[tuple[Moment, list[Record]]]:
    """Each switch with the requests that were sent from when it was asked for until the next one was."""
    by_sent = sorted(records, key=lambda record: record.sent_at)
    sent = [record.sent_at for record in by_sent]
    for moment, end in zip(moments, _ends(moments), strict=True):
        yield moment, by_sent[bisect_left(sent, moment.requested_at) : bisect_left(sent, end)]


def _ends(moments: Sequence[Moment]) -> list[float]:
    return [*(moment.requested_at for moment in moments[1:]), FOREVER]
