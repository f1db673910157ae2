"""Keeping a part of Greenroom running."""

import asyncio
import os
from pathlib import Path

from sites.logs.pump import Pump
from sites.runtime.agent.background import NICENESS, step_back
from sites.supervisor.component import Component, NotReady
from sites.supervisor.journal import Journal
from sites.supervisor.keeper import Keeper


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
