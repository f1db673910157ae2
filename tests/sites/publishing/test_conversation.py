"""The answer of git while it is written: sent on in order, and a sentence where git could not give one."""

import asyncio
from collections.abc import Callable

import pytest

from sites.errors import RuntimeUnreachable
from sites.publishing import conversation, git_protocol
from sites.publishing.conversation import Conversation
from sites.repositories.ending import Ending, ending_of
from sites.runtime.spec import EndReason, RunState, RunStatus


class Played:
    """A job whose run writes one piece at each look, and then ends."""

    def __init__(self, pieces: list[bytes], ending: Ending) -> None:
        self._left = pieces
        self._ending = ending
        self._written = b""
        self.is_closed = self.has_let_go = False

    def ending(self) -> Ending | None:
        if self._left:
            self._written += self._left.pop(0)
            return None
        return self._ending

    def read(self, name: str, start: int, most: int) -> bytes:
        assert name == "answer"
        return self._written[start : start + most]

    def let_go(self) -> None:
        self.has_let_go = True

    def close(self) -> None:
        self.is_closed = True


def told(job: Played, **values: object) -> bytes:
    async def collect() -> bytes:
        return b"".join([piece async for piece in Conversation(job, git_protocol.error, b"first ", **values).pieces()])

    return asyncio.run(asyncio.wait_for(collect(), 60))


def test_what_git_writes_is_sent_on_after_the_opening() -> None:
    job = Played([b"one ", b"two ", b"three"], Ending(0, ""))
    assert told(job) == b"first one two three"
    assert job.is_closed and job.has_let_go


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (Ending(128, ""), b"ERR git ended with code 128 before it answered. Nothing was changed; try again."),
        (ending_of(RunStatus("x", RunState.ENDED, 137, EndReason.QUOTA)), b"ask the administrator to raise SITE_CON"),
    ],
)
def test_a_git_that_says_nothing_is_spoken_for(ending: Ending, said: bytes) -> None:
    assert said in told(Played([], ending))


def test_a_git_that_has_spoken_needs_no_further_word_but_of_an_end_from_outside() -> None:
    assert told(Played([b"fatal"], Ending(1, ""))) == b"first fatal"
    assert told(Played([b"half"], ending_of(RunStatus("x", RunState.ENDED, 137, EndReason.DISK)))).endswith(
        b"Ask the administrator to free some space, and try again."
    )


def test_an_agent_that_is_away_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "AWAY_SECONDS", 0.0)

    class Away(Played):
        def ending(self) -> Ending | None:
            raise RuntimeUnreachable(part="The agent", reason="gone")

    job = Away([], Ending(0, ""))
    assert b"ERR The agent" in told(job)
    assert job.is_closed


def test_an_agent_that_is_replaced_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "LONG_PAUSE", 0.01)

    class Replaced(Played):
        away = 3

        def ending(self) -> Ending | None:
            self.away -= 1
            if self.away >= 0:
                raise RuntimeUnreachable(part="The agent", reason="replaced")
            return super().ending()

    assert told(Replaced([b"whole"], Ending(0, ""))) == b"first whole"


def test_whoever_attends_is_let_go_with_the_run() -> None:
    attended: list[str] = []

    async def attend(job: object) -> None:
        attended.append("begun")
        try:
            await asyncio.sleep(60)
        finally:
            attended.append("ended")

    told(Played([b"x"], Ending(0, "")), attend=attend)
    assert attended == ["begun", "ended"]


@pytest.mark.parametrize("wrap", [git_protocol.error, git_protocol.fatal])
def test_a_long_sentence_fits_into_a_line_of_the_protocol(wrap: Callable[[str], bytes]) -> None:
    said = wrap("x" * 100_000)
    assert int(said[:4], 16) <= 65_520
