"""Who may connect as which router."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from sites.router.authority import Certificate
from sites.router.roster import KnownRouter
from sites.router.xds.admission import MAX_COMPLAINTS, REPEAT_SECONDS, Admission, Peer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_retired_router_is_refused_with_what_to_do() -> None:
    admission = Admission()
    assert admission.refusal("router-0") == ""
    admission.take([KnownRouter("router-0", must_acknowledge=False, is_retired=True)])
    assert "./greenroom router activate router-0" in admission.refusal("router-0")
    admission.take([KnownRouter("router-0", must_acknowledge=True, is_retired=False)])
    assert admission.refusal("router-0") == ""


def test_a_router_that_tries_again_and_again_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    admission = Admission(clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            admission.complain("Router a is retired.")
            clock.now += 0.5
        assert caplog.messages == ["Router a is retired."]
        clock.now += REPEAT_SECONDS
        admission.complain("Router a is retired.")
        assert len(caplog.messages) == 2


def test_names_without_end_fill_no_log_and_no_memory(caplog: pytest.LogCaptureFixture) -> None:
    admission = Admission(Clock())
    with caplog.at_level(logging.WARNING):
        for number in range(10 * MAX_COMPLAINTS):
            admission.complain(f"Router {number} is retired.")
    assert len(caplog.messages) == MAX_COMPLAINTS


def peer(name: str, fingerprint: str = "new") -> Peer:
    return Peer("1", Certificate(name, fingerprint, datetime.now(UTC) + timedelta(days=1)))


def test_a_router_speaks_for_itself_alone() -> None:
    admission = Admission()
    assert "before the database has been read" in admission.refusal("a", peer("a"))
    admission.take(
        [
            KnownRouter("a", must_acknowledge=True, is_retired=False, certificates=("new", "former")),
            KnownRouter("b", must_acknowledge=True, is_retired=False, certificates=("of b",)),
            KnownRouter("local", must_acknowledge=True, is_retired=False),
        ]
    )
    assert admission.refusal("a", peer("a")) == admission.refusal("a", peer("a", "former")) == ""
    assert "with the certificate of a calls itself b" in admission.refusal("b", peer("a"))
    assert "with the certificate of a calls itself local" in admission.refusal("local", peer("a"))
    assert "./greenroom router credentials a" in admission.refusal("a", peer("a", "lost"))
    assert "./greenroom router credentials c" in admission.refusal("c", peer("c"))
    assert "GREENROOM_ROUTER_NODE" in admission.refusal("a")
    assert admission.refusal("local") == admission.refusal("new one") == ""


def test_a_name_that_nobody_could_read_is_refused() -> None:
    for name in ("", "x" * 65):
        assert "is refused" in Admission().refusal(name)
