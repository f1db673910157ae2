"""What Envoy counts of each slot and each revision, read from its administration socket."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlencode

_LINES = (
    r"^vhost\..+\.route\.s\d+\.upstream_rq_(\d{3}|time)$|"
    r"^cluster\.r\d+\.upstream_(cx_[rt]x_bytes_total|rq_active)$"
)
STATISTICS = "/stats?usedonly&" + urlencode({"histogram_buckets": "disjoint", "filter": _LINES})
_CODE = re.compile(r"vhost\..+\.route\.s(\d+)\.upstream_rq_(\d{3}): (\d+)")
_TIME = re.compile(r"vhost\..+\.route\.s(\d+)\.upstream_rq_time: (.*)")
_BYTES = re.compile(r"cluster\.r(\d+)\.upstream_cx_([rt])x_bytes_total: (\d+)")
_ACTIVE = re.compile(r"cluster\.r(\d+)\.upstream_rq_active: (\d+)")
_BUCKET = re.compile(r"B([\d.e+]+)\((?:\d+|nan),(\d+)\)")


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counters since the router began."""

    process: str
    """Which run of the router has counted; another after every start."""
    codes: dict[int, dict[str, int]] = field(default_factory=dict)
    """Slot → status → answers."""
    times: dict[int, dict[str, int]] = field(default_factory=dict)
    """Slot → upper bound of the bucket in milliseconds → answers; each answer counts in one bucket."""
    received: dict[int, int] = field(default_factory=dict)
    """Revision → bytes that its instances have sent."""
    sent: dict[int, int] = field(default_factory=dict)
    """Revision → bytes that were sent to its instances."""
    active: dict[int, int] = field(default_factory=dict)
    """Revision → requests, streams and WebSockets that its instances have at this moment."""


def parse(text: str, process: str) -> Statistics:
    """The answer of that process to STATISTICS; lines of another kind are left out."""
    codes: dict[int, Counter[str]] = defaultdict(Counter)
    times: dict[int, Counter[str]] = defaultdict(Counter)
    bytes_of: dict[str, dict[int, int]] = {"r": {}, "t": {}}
    active: dict[int, int] = {}
    for line in text.splitlines():
        if found := _CODE.fullmatch(line):
            codes[int(found[1])][found[2]] += int(found[3])
        elif found := _TIME.fullmatch(line):
            times[int(found[1])].update({bound: int(count) for bound, count in _BUCKET.findall(found[2]) if int(count)})
        elif found := _BYTES.fullmatch(line):
            bytes_of[found[2]][int(found[1])] = int(found[3])
        elif found := _ACTIVE.fullmatch(line):
            active[int(found[1])] = int(found[2])
    return Statistics(
        process,
        {slot: dict(found) for slot, found in codes.items()},
        {slot: dict(found) for slot, found in times.items()},
        bytes_of["r"],
        bytes_of["t"],
        active,
    )
