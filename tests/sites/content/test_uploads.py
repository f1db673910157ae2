"""Request bodies on their way to disk."""

import io
import threading
from pathlib import Path

import pytest
from pytest_django import Settings

from sites.content import uploads
from sites.content.uploads import in_units, received, turn
from sites.errors import DiskFull, UploadsBusy, UploadTooLarge


class Broken(io.BytesIO):
    """A client that goes away."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise ConnectionResetError


def test_a_body_of_exactly_the_limit_is_taken_and_gone_afterwards(data: Path) -> None:
    with received(io.BytesIO(b"x" * 1000), 1000) as path:
        assert path.read_bytes() == b"x" * 1000
        assert path.parent == data / "upload"
    assert list((data / "upload").iterdir()) == []


@pytest.mark.parametrize(
    ("body", "error"), [(io.BytesIO(b"x" * 1001), UploadTooLarge), (Broken(), ConnectionResetError)]
)
def test_what_is_not_taken_leaves_nothing(data: Path, body: io.BytesIO, error: type[Exception]) -> None:
    with pytest.raises(error), received(body, 1000):
        pytest.fail("it was taken")
    assert list((data / "upload").iterdir()) == []


def test_below_the_reserve_of_the_disk_nothing_is_taken(data: Path, settings: Settings) -> None:
    settings.DISK_RESERVE = 2**62
    with pytest.raises(DiskFull, match="are kept in reserve"), received(io.BytesIO(b"x"), 1000):
        pytest.fail("it was taken")
    assert list((data / "upload").iterdir()) == []


def test_of_one_owner_one_archive_is_unpacked_at_a_time_and_of_all_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "TURN_SECONDS", 0)
    with turn("1"):
        with pytest.raises(UploadsBusy), turn("1"):
            pytest.fail("two of one owner")
        with turn("2"), pytest.raises(UploadsBusy), turn("3"):
            pytest.fail("three at once")
        with turn("3"):
            pass


def test_a_turn_is_waited_for() -> None:
    order = []

    def second() -> None:
        with turn("1"):
            order.append("second")

    with turn("1"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


@pytest.mark.parametrize(
    ("size", "text"), [(12, "12 bytes"), (1536, "1.5 KB"), (512 * 1024**2, "512 MB"), (2 * 1024**3, "2 GB")]
)
def test_sizes_are_told_in_units(size: int, text: str) -> None:
    assert in_units(size) == text
