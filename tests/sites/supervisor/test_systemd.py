"""What systemd hears of `up`."""

import asyncio
import socket
from pathlib import Path

import pytest

from sites.supervisor.systemd import report_to_watchdog


def test_the_watchdog_hears_several_times_in_its_time_that_the_loop_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000")

        async def listen() -> list[bytes]:
            reporting = asyncio.create_task(report_to_watchdog())
            heard = [await asyncio.to_thread(systemd.recv, 100) for _ in range(3)]
            reporting.cancel()
            return heard

        assert asyncio.run(listen()) == [b"WATCHDOG=1"] * 3


def test_without_a_watchdog_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    asyncio.run(asyncio.wait_for(report_to_watchdog(), 60))
