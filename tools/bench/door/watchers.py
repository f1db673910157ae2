"""Honest clients during all of it: a person in the portal, a monitor of its health, and visitors of a site."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tools.bench.apart import Apart
from tools.bench.door.target import Target
from tools.bench.open_loop import OpenLoop, Sample
from tools.prober import kinds
from tools.prober.client import Exam
from tools.prober.http import Answer, Call
from tools.prober.load import Load
from tools.prober.records import Record

PAGES = ("/sites/", "/operations/", "/sign-in/")
"""In turn; the first two for a person who is signed in."""


@dataclass(frozen=True)
class Rates:
    """Requests a second."""

    portal: float = 6.0
    health: float = 2.0
    site: float = 40.0


@dataclass(frozen=True)
class Watch:
    """What they saw."""

    samples: Mapping[str, Sequence[Sample]]
    """By `portal`, `health` and `site`."""
    records: Sequence[Record]


class Watchers(Apart[Watch]):
    """A context manager: they ask from its entry to its exit; then `seen` holds what they saw."""

    def __init__(self, target: Target, rates: Rates) -> None:
        super().__init__("watchers", partial(_watch, target, rates))


def _watch(target: Target, rates: Rates, until_the_end: Callable[[], None]) -> Watch:
    turn = iter(range(10**9))

    def page_of(host: str) -> Exam:
        path = PAGES[next(turn) % len(PAGES)]
        cookies = target.stranger if path == PAGES[-1] else target.session
        return Exam(Call(host, path, headers={"Cookie": cookies}), _is_whole)

    def health_of(host: str) -> Exam:
        return Exam(Call(host, "/healthz"), _is_ok)

    loops = {
        "portal": OpenLoop("portal", target.address, (target.portal,), rates.portal, page_of),
        "health": OpenLoop("health", target.address, (target.portal,), rates.health, health_of),
        "site": OpenLoop("site", target.address, target.sites, rates.site),
    }
    others = [
        kinds.connection_per_request("site, connection per request", target.address, target.sites),
        kinds.post("site, POST", target.address, target.sites),
    ]
    with Load([*loops.values(), *others]) as load:
        until_the_end()
    return Watch({name: loop.samples for name, loop in loops.items()}, load.records)


def _is_whole(answer: Answer) -> str:
    return "" if answer.body.rstrip().endswith(b"</html>") else "the page does not end"


def _is_ok(answer: Answer) -> str:
    return "" if answer.body.startswith(b"ok") else answer.body[:80].decode("utf-8", "replace")
