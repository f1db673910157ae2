"""What is typed reaches the other side, its end too, and nothing that was written is lost."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sites.management import relay


@contextmanager
def own_stdio(folder: Path, given: str = "what is given") -> Iterator[None]:
    """The process's descriptors 0 and 1 are files, as of `run < given > output`."""
    (folder / "given").write_text(given)
    kept = [os.dup(number) for number in (0, 1)]
    reading = os.open(folder / "given", os.O_RDONLY)
    output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(reading, 0)
    os.dup2(output, 1)
    try:
        yield
    finally:
        for number, former in enumerate(kept):
            os.dup2(former, number)
        for descriptor in (*kept, reading, output):
            os.close(descriptor)


def test_a_process_reads_to_the_end_and_what_it_wrote_comes_back(tmp_path: Path) -> None:
    with own_stdio(tmp_path), relay.pipes() as passing:
        reads, writes = os.open(passing.stdio[0], os.O_RDONLY), os.open(passing.stdio[1], os.O_WRONLY)
        while passing.inward is not None:
            passing.pass_on(1)
        assert os.read(reads, 100) == b"what is given"
        assert os.read(reads, 100) == b"", "its end has come through"
        os.write(writes, b"first, ")
        passing.pass_on(1)
        os.write(writes, b"last")
        passing.drain()
        os.close(reads)
        os.close(writes)
    assert (tmp_path / "output").read_text() == "first, last"


def test_a_process_that_reads_nothing_holds_nobody_up(tmp_path: Path) -> None:
    with own_stdio(tmp_path, given="x" * 1_000_000), relay.pipes() as passing:
        reads, writes = os.open(passing.stdio[0], os.O_RDONLY), os.open(passing.stdio[1], os.O_WRONLY)
        for _ in range(20):
            passing.pass_on(0.01)
        os.write(writes, b"done")
        passing.pass_on(1)
        passing.drain()
        read = 0
        while passing.inward is not None:
            passing.pass_on(0.01)
            os.set_blocking(reads, False)
            with suppress(BlockingIOError):
                read += len(os.read(reads, 1 << 20))
        os.set_blocking(reads, True)
        while piece := os.read(reads, 1 << 20):
            read += len(piece)
        os.close(reads)
        os.close(writes)
    assert (tmp_path / "output").read_text() == "done"
    assert read == 1_000_000


def test_nothing_stays_open(tmp_path: Path) -> None:
    with own_stdio(tmp_path):
        before = len(os.listdir("/proc/self/fd"))
        with relay.pipes() as passing:
            while passing.inward is not None:
                passing.pass_on(1)
        assert len(os.listdir("/proc/self/fd")) == before
