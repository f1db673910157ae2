"""What a demonstration proved: in figures for programs, in words for people."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.prober.analysis import Findings


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one demonstration."""

    findings: Findings
    swap_seconds: Sequence[float]
    sessions: int
    """People who had signed in before the first swap."""
    retried: int | None
    """Requests that the router sent a second time; None when its counters could not be read."""

    @property
    def is_proven(self) -> bool:
        """Nothing happened that a visitor could have noticed."""
        return self.findings.is_clean and bool(self.swap_seconds)

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(self.figures(), indent=2) + "\n")

    def figures(self) -> dict[str, object]:
        """The keys of the JSON file."""
        found = self.findings
        return {
            "requests": found.requests,
            "failed": found.failed,
            "stale_after_swap": found.stale_after_swap,
            "went_back": found.went_back,
            "sessions_lost": found.sessions_lost,
            "swaps": len(self.swap_seconds),
            "swap_seconds": list(self.swap_seconds),
            "mixups": found.mixups,
            "stale_after_ack": found.stale_after_ack,
            "went_back_on_connection": found.went_back_on_connection,
            "largest_inversion_ms": found.largest_inversion_ms,
            "reopened": found.reopened,
            "retried": self.retried,
            "sessions": self.sessions,
            "requests_by_kind": dict(found.by_kind),
            "failures": dict(found.failures),
        }

    def sentences(self) -> list[str]:
        """For people, one statement each."""
        found = self.findings
        said = [_swaps(self.swap_seconds), _answers(found), _order(found), _sessions(self.sessions, found)]
        if found.mixups:
            said.append(f"{_count(found.mixups, 'answer')} came from a process with another slot's settings.")
        said.append(_means(found.reopened, self.retried))
        said.extend(f"  {number} × {what}" for what, number in found.failures.items())
        said.append(_verdict(self.is_proven))
        return said


def _swaps(seconds: Sequence[float]) -> str:
    if not seconds:
        return "No swap was made."
    middle = statistics.median(seconds)
    return (
        f"{_count(len(seconds), 'swap')}, there and back: {min(seconds):.1f} to {max(seconds):.1f} s, "
        f"half of them within {middle:.1f} s."
    )


def _answers(found: Findings) -> str:
    if found.failed:
        return f"{found.failed:,} of {found.requests:,} requests failed."
    return (
        f"{found.requests:,} requests in {len(found.by_kind)} ways, and each got its complete answer: right status, "
        "right checksum, right version. None failed."
    )


def _order(found: Findings) -> str:
    stale = (
        f"{_count(found.stale_after_swap, 'answer')} came from the old version after its swap had ended"
        if found.stale_after_swap
        else "No answer came from the old version after its swap had ended"
    )
    if found.went_back:
        back = f"{_count(found.went_back, 'client')} saw the new version and then the old one"
        return f"{stale}; {back}, up to {found.largest_inversion_ms:g} ms later."
    return f"{stale}; no client saw the new version and then the old one."


def _sessions(sessions: int, found: Findings) -> str:
    if found.sessions_lost:
        return (
            f"{found.sessions_lost} of {_count(sessions, 'signed-in person', 'signed-in people')} had to sign in again."
        )
    return f"{_count(sessions, 'signed-in person', 'signed-in people')} stayed signed in through every swap."


def _means(reopened: int, retried: int | None) -> str:
    router = "the router's count of retries could not be read" if retried is None else f"the router {retried} times"
    return (
        f"Without help: the clients tried no request twice ({reopened} found an idle connection closed and opened "
        f"another before sending), {router}."
    )


def _verdict(is_proven: bool) -> str:
    if is_proven:
        return "Proved: visitors noticed none of these swaps."
    return "Not proved: visitors could have noticed these swaps. The figures above say how."


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
