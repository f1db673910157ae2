"""Keeping a part of Greenroom running."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from django.test import override_settings

from sites.logs.pump import Pump
from sites.runtime.agent.background import NICENESS, step_back
from sites.supervisor import patience
from sites.supervisor.component import Component, NotReady
from sites.supervisor.journal import Journal
from sites.supervisor.keeper import PROBE_SECONDS, Keeper, StartFailed, pause_between_probes


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
