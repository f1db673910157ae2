"""Keeping a part of Greenroom running."""

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import override_settings

from sites.logs.pump import Pump
from sites.runtime.agent.background import NICENESS, step_back
from sites.supervisor import keeper as keepers
from sites.supervisor import patience
from sites.supervisor.component import Component, NotReady, Succession
from sites.supervisor.former import Former, former_name
from sites.supervisor.journal import Journal
from sites.supervisor.keeper import PROBE_SECONDS, Keeper, StartFailed, pause_between_probes
from sites.supervisor.records import read_record, write_record


def test_a_part_that_stands_behind_does_so_only_once_it_answers(tmp_path: Path) -> None:
    while_starting: list[int] = []

    async def answers_the_third_time(pid: int) -> None:
        while_starting.append(os.getpriority(os.PRIO_PROCESS, pid))
        if len(while_starting) < 3:
            raise NotReady("it is loading")

    async def bring_up() -> int:
        component = Component("part", ("sleep", "60"), answers_the_third_time, give_way_when_ready=step_back)
        journal = Journal(tmp_path / "up.log")
        pump = Pump()
        keeper = Keeper(component, journal, pump, run_dir=tmp_path, log_dir=tmp_path, folder=tmp_path)
        await keeper.bring_up()
        try:
            assert keeper.process_id is not None
            return os.getpriority(os.PRIO_PROCESS, keeper.process_id)
        finally:
            await keeper.stop()
            pump.close()

    present = os.getpriority(os.PRIO_PROCESS, 0)
    assert asyncio.run(bring_up()) == NICENESS
    assert while_starting == [present] * 3


def test_a_part_has_as_long_to_answer_as_the_installation_says(tmp_path: Path) -> None:
    async def never_answers(_: int) -> None:
        raise NotReady("it is loading")

    async def bring_up() -> None:
        component = Component("part", ("sleep", "60"), never_answers)
        journal = Journal(tmp_path / "up.log")
        await Keeper(component, journal, Pump(), run_dir=tmp_path, log_dir=tmp_path, folder=tmp_path).bring_up()

    with override_settings(READY_SECONDS=0.2), pytest.raises(StartFailed):
        asyncio.run(bring_up())
    said = (tmp_path / "up.log").read_text()
    assert re.search(r"did not answer within \d\.\d s \(it is loading\)", said), "it says how long it really waited"


def test_a_start_that_takes_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def answers_at_last(pid: int) -> None:
        asked.append(pid)
        if len(asked) < 6:
            raise NotReady("it is loading")

    async def bring_up() -> None:
        component = Component("part", ("sleep", "60"), answers_at_last)
        journal = Journal(tmp_path / "up.log")
        pump = Pump()
        keeper = Keeper(component, journal, pump, run_dir=tmp_path, log_dir=tmp_path, folder=tmp_path)
        await keeper.bring_up()
        await keeper.stop()
        pump.close()

    monkeypatch.setattr(patience, "NEWS_SECONDS", 0.1)
    asyncio.run(bring_up())
    assert "is still starting after 0 s (it is loading)" in (tmp_path / "up.log").read_text()


def test_without_a_fork_server_a_python_part_is_a_program_of_its_own(tmp_path: Path) -> None:
    async def is_there(_: int) -> None:
        if not (tmp_path / "part.log").exists():
            raise NotReady("it is loading")

    async def bring_up() -> None:
        command = (sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)")
        journal = Journal(tmp_path / "up.log")
        places = {"run_dir": tmp_path, "log_dir": tmp_path, "folder": tmp_path}
        component, pump = Component("part", command, is_there), Pump()
        keeper = Keeper(component, journal, pump, **places, fork_server=tmp_path / "nobody.sock")
        await keeper.bring_up()
        await keeper.stop()
        pump.close()

    asyncio.run(bring_up())
    assert "is started without the fork server, which did not answer" in (tmp_path / "up.log").read_text()


def test_a_part_that_takes_long_is_asked_less_often() -> None:
    assert pause_between_probes(0.5) == PROBE_SECONDS
    assert pause_between_probes(60) == 3


def test_a_part_is_replaced_without_ending_what_it_looks_after(tmp_path: Path) -> None:
    asked_to_end: list[int] = []

    async def end_everything(pid: int) -> None:
        asked_to_end.append(pid)

    async def answers(_: int) -> None:
        return None

    async def replace() -> tuple[int | None, int | None]:
        component = Component("part", ("sleep", "60"), answers, survives=True, before_stop=end_everything)
        pump = Pump()
        journal = Journal(tmp_path / "up.log")
        keeper = Keeper(component, journal, pump, run_dir=tmp_path, log_dir=tmp_path, folder=tmp_path)
        await keeper.bring_up()
        before = keeper.process_id
        await keeper.replace()
        after = keeper.process_id
        assert asked_to_end == []
        await keeper.stop()
        pump.close()
        return before, after

    before, after = asyncio.run(replace())
    assert before != after
    assert asked_to_end == [after]
    assert before is not None and not Path(f"/proc/{before}").exists()


def handing_over(tmp_path: Path, words: Callable[[int], tuple[str, ...]], called: list[str]) -> Keeper:
    """Of a part whose successor takes over; what is called is noted."""

    async def answers(pid: int) -> None:
        if not Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"0\0"):
            raise NotReady("it has words that it does not understand")

    succession = Succession(words, lambda: True, lambda: called.append("again"), lambda: called.append("tidy"), 60)
    component = Component("part", ("sleep", "60"), answers, survives=True, succession=succession)
    journal = Journal(tmp_path / "up.log")
    return Keeper(component, journal, Pump(), run_dir=tmp_path, log_dir=tmp_path, folder=tmp_path)


def test_a_successor_takes_over_while_the_former_process_goes_on(tmp_path: Path) -> None:
    called: list[str] = []

    async def hand_over() -> None:
        keeper = handing_over(tmp_path, lambda _: ("0",), called)
        await keeper.bring_up()
        former = keeper.process_id
        await keeper.hand_over()
        record = read_record(tmp_path, former_name("part"))
        assert record is not None and record.identity.pid == former != keeper.process_id
        assert record.identity.is_alive()
        assert (found := read_record(tmp_path, "part")) is not None and found.predecessors == 1
        await keeper.hand_over()
        assert "the one before it still finishes requests" in (tmp_path / "up.log").read_text()
        await keeper.stop()
        assert not record.identity.is_alive() and not found.identity.is_alive()
        assert read_record(tmp_path, former_name("part")) is None

    asyncio.run(hand_over())
    assert called == ["tidy", "tidy"], "before the first start, and after the end"


def test_a_former_process_is_ended_in_its_time_however_often_it_is_found_again(tmp_path: Path) -> None:
    async def find_again() -> None:
        keeper = handing_over(tmp_path, lambda _: ("0",), [])
        await keeper.bring_up()
        await keeper.hand_over()
        record = read_record(tmp_path, former_name("part"))
        assert record is not None and record.until > time.time()
        write_record(tmp_path, replace(record, until=time.time()))
        former = Former(keeper.component, tmp_path)
        former.find()
        async with asyncio.timeout(20):
            while record.identity.is_alive():
                await asyncio.sleep(0.05)
        await keeper.stop()

    asyncio.run(find_again())


def test_without_a_successor_that_comes_up_the_running_process_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepers, "HAND_OVER_PAUSES", (0.0, 0.0))
    called: list[str] = []

    async def hand_over() -> None:
        keeper = handing_over(tmp_path, lambda before: ("x",) if before else ("0",), called)
        await keeper.bring_up()
        running = keeper.process_id
        with pytest.raises(StartFailed):
            await keeper.hand_over()
        assert keeper.process_id == running
        assert (found := read_record(tmp_path, "part")) is not None and found.identity.pid == running
        assert found.identity.is_alive()
        assert read_record(tmp_path, former_name("part")) is None
        await keeper.stop()

    asyncio.run(hand_over())
    assert called == ["tidy", "again", "again", "tidy"]
