"""Whatever a writer does with its pipe, its log stays short and others are not held up."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sites.logs import files
from sites.logs.pump import Pump, make_pipe
from sites.logs.stamps import parted
from sites.logs.stream import PIPE_BYTES

LIMIT = 256 * 1024


@pytest.fixture
def pump() -> Iterator[Pump]:
    pump = Pump()
    yield pump
    pump.close()


def opened(pipe: Path) -> int:
    """As the writer's own descriptor is."""
    return os.open(pipe, os.O_RDWR)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def size(log: Path) -> int:
    """Of both files, also when one becomes the other meanwhile."""
    sizes = []
    for path in (log.with_name(f"{log.name}.1"), log):
        with contextlib.suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return sum(sizes)


def text(log: Path) -> str:
    return b"".join(files.blocks(log)).decode()


def test_what_is_written_is_in_the_log(pump: Pump, tmp_path: Path) -> None:
    pipe, log = tmp_path / "pipe", tmp_path / "log"
    make_pipe(pipe)
    pump.watch(pipe, log)
    writer = opened(pipe)
    os.write(writer, b"one\n")
    wait_until(lambda: text(log) == "one\n")
    os.write(writer, b"two\n")
    pump.catch_up(pipe)
    assert text(log) == "one\ntwo\n"
    os.write(writer, b"three\n")
    pump.finish(pipe)
    pump.finish(pipe)
    assert text(log) == "one\ntwo\nthree\n"
    os.close(writer)


@pytest.mark.parametrize("written", [b"a line of a log\n" * 4096, b"x" * 65536, b"\n" * 65536])
def test_a_flood_leaves_a_short_log_with_its_end_and_a_count(pump: Pump, tmp_path: Path, written: bytes) -> None:
    pipe, log = tmp_path / "pipe", tmp_path / "log"
    make_pipe(pipe)
    pump.watch(pipe, log, LIMIT)
    writer = opened(pipe)
    for _ in range(400):
        os.write(writer, written)
        assert size(log) <= LIMIT
    os.write(writer, b"\nthe end\n")
    pump.finish(pipe)
    os.close(writer)
    assert files.tail(log, 1) == ["the end"]
    if b"line" in written:
        assert "[Greenroom left out" in text(log)
    assert size(log) <= LIMIT


def test_the_count_is_what_is_missing(pump: Pump, tmp_path: Path) -> None:
    pipe, log = tmp_path / "pipe", tmp_path / "log"
    make_pipe(pipe)
    pump.watch(pipe, log, 64 * 1024 * 1024)
    writer = opened(pipe)
    for number in range(400_000):
        os.write(writer, b"line %012d of many in this log\n" % number)
    pump.finish(pipe)
    os.close(writer)
    lines = text(log).splitlines(keepends=True)
    left_out = sum(int(line.split()[3].replace(",", "")) for line in lines if line.startswith("[Greenroom"))
    written = sum(len(line) for line in lines if not line.startswith("[Greenroom"))
    assert left_out > 0
    assert written + left_out == 400_000 * len("line 000000000000 of many in this log\n")
    assert all(line.startswith(("line ", "[Greenroom")) and line.endswith("\n") for line in lines)


def test_a_flood_in_one_pipe_does_not_delay_another(pump: Pump, tmp_path: Path) -> None:
    for name in ("loud", "quiet"):
        make_pipe(tmp_path / name)
        pump.watch(tmp_path / name, tmp_path / f"{name}.log", LIMIT)
    code = "import os\nwhile True: os.write(1, b'x' * 65536)"
    loud = opened(tmp_path / "loud")
    with subprocess.Popen([sys.executable, "-c", code], stdout=loud) as flood:
        quiet = opened(tmp_path / "quiet")
        try:
            for number in range(20):
                os.write(quiet, b"%d\n" % number)
                wait_until(lambda: text(tmp_path / "quiet.log").endswith(f"{number}\n"))  # noqa: B023
        finally:
            flood.kill()
    os.close(quiet)
    os.close(loud)


def test_what_is_written_while_nobody_reads_waits(tmp_path: Path) -> None:
    pipe, log = tmp_path / "pipe", tmp_path / "log"
    make_pipe(pipe)
    first = Pump()
    first.watch(pipe, log)
    writer = opened(pipe)
    os.write(writer, b"before\n")
    first.close()
    os.write(writer, b"x" * (PIPE_BYTES // 2) + b"\nmeanwhile\n")
    second = Pump()
    second.watch(pipe, log)
    wait_until(lambda: text(log).endswith("meanwhile\n"))
    second.close()
    assert text(log).startswith("before\n")
    os.close(writer)


def test_a_full_pipe_lets_its_writer_wait_and_go_on(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    make_pipe(pipe)
    pump = Pump()
    pump.watch(pipe, tmp_path / "log")
    pump.close()
    writer = opened(pipe)
    thread = threading.Thread(target=lambda: os.write(writer, b"x" * (2 * PIPE_BYTES)))
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    after = Pump()
    after.watch(pipe, tmp_path / "log")
    thread.join(20)
    assert not thread.is_alive()
    after.close()
    os.close(writer)


def test_a_log_without_a_pipe_is_kept_short(pump: Pump, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("ab", buffering=0) as writer:
        pump.watch(tmp_path / "pipe", log, LIMIT)
        writer.write(b"x" * 2 * LIMIT)
        wait_until(lambda: log.stat().st_size == 0)
        writer.write(b"after")
    assert text(log).endswith("xafter")
    assert len(text(log)) <= LIMIT


def test_a_log_that_cannot_be_written_holds_nobody_up(pump: Pump, tmp_path: Path) -> None:
    pipe, log = tmp_path / "pipe", tmp_path / "away" / "log"
    make_pipe(pipe)
    pump.watch(pipe, log)
    writer = opened(pipe)
    os.write(writer, b"lost\n")
    pump.catch_up(pipe)
    log.parent.mkdir()
    os.write(writer, b"kept\n")
    pump.finish(pipe)
    os.close(writer)
    assert text(log).startswith("[Greenroom left out 5 bytes here")
    assert text(log).endswith("kept\n")


def test_lines_of_a_stamped_log_begin_with_their_time_also_around_a_gap(tmp_path: Path, pump: Pump) -> None:
    pipe, log = tmp_path / "pipe", tmp_path / "log"
    make_pipe(pipe)
    pump.watch(pipe, log, is_stamped=True)
    writer = opened(pipe)
    os.write(writer, b"one\ntw")
    wait_until(lambda: "tw" in text(log))
    pump.finish(pipe)
    pump.watch(pipe, log, is_stamped=True)
    os.write(writer, b"o\nthree")
    pump.finish(pipe, is_over=True)
    os.close(writer)
    assert [parted(line)[1] for line in text(log).splitlines()] == ["one", "two", "three"]
    assert all(parted(line)[0] for line in text(log).splitlines())
    assert text(log).endswith("three\n")
