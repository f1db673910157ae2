"""Asking the running `up`."""

import asyncio
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

from sites.supervisor.control import serve, why_silent


async def says_nothing_new(_: dict[str, Any]) -> dict[str, Any]:
    return {"state": "ready"}


def test_an_up_that_answers_is_well(tmp_path: Path) -> None:
    async def ask() -> str:
        async with await serve(tmp_path / "up.sock", says_nothing_new):
            return await asyncio.to_thread(why_silent, tmp_path / "up.sock", os.getpid())

    assert asyncio.run(ask()) == ""


def test_an_up_that_is_just_starting_is_no_fault(tmp_path: Path) -> None:
    assert why_silent(tmp_path / "up.sock", os.getpid()) == ""


def test_an_up_that_is_stopped_says_how_it_goes_on(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            sleeper.send_signal(signal.SIGSTOP)
            os.waitpid(sleeper.pid, os.WUNTRACED)
            said = why_silent(tmp_path / "up.sock", sleeper.pid)
        finally:
            sleeper.kill()
    assert said == (
        f"`up` (process {sleeper.pid}) was stopped by a signal. Sites and parts go on, but nothing replaces a part "
        f"that dies or hangs. Let it go on: kill -CONT {sleeper.pid}"
    )


def test_an_up_that_hangs_says_how_to_replace_it(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "up.sock"))
        listener.listen()
        said = why_silent(tmp_path / "up.sock", os.getpid(), timeout=0.1)
    assert said.startswith(f"`up` (process {os.getpid()}) does not answer. Sites and parts go on")
    assert said.endswith(f"kill -9 {os.getpid()}; ./greenroom up")
