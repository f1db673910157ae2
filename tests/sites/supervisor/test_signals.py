"""The first signal stops `up`; only a second Ctrl-C hurries."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from sites.logs.pump import Pump
from sites.supervisor.component import Component
from sites.supervisor.journal import Journal
from sites.supervisor.keeper import Keeper
from sites.supervisor.signals import Signals


@pytest.mark.parametrize(
    ("sent", "is_hurried"),
    [
        ([signal.SIGINT], False),
        ([signal.SIGTERM], False),
        ([signal.SIGTERM, signal.SIGTERM], False),
        ([signal.SIGHUP, signal.SIGTERM], False),
        ([signal.SIGTERM, signal.SIGINT], False),
        ([signal.SIGINT, signal.SIGTERM], False),
        ([signal.SIGINT, signal.SIGINT], True),
        ([signal.SIGTERM, signal.SIGINT, signal.SIGINT], True),
    ],
)
def test_only_a_second_ctrl_c_hurries(sent: list[signal.Signals], is_hurried: bool) -> None:
    async def hear() -> tuple[bool, bool]:
        signals = Signals()
        signals.listen()
        for number in sent:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.02)
        return signals.stop.is_set(), signals.hurry.is_set()

    assert asyncio.run(hear()) == (True, is_hurried)


def test_a_part_that_was_hurried_is_not_said_to_be_late(tmp_path: Path) -> None:
    async def answers(_: int) -> None:
        return None

    async def hurry() -> None:
        deaf = ("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
        pump, journal = Pump(), Journal(tmp_path / "up.log")
        part = Component("part", deaf, answers)
        keeper = Keeper(part, journal, pump, run_dir=tmp_path, log_dir=tmp_path, folder=tmp_path)
        await keeper.bring_up()
        await asyncio.sleep(0.2)
        hurried = asyncio.Event()
        hurried.set()
        await keeper.stop(hurried)
        pump.close()

    asyncio.run(hurry())
    said = (tmp_path / "up.log").read_text()
    assert "was hurried and killed" in said and "did not end in time" not in said
