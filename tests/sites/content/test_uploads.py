"""Request bodies on their way to disk."""

import io
from pathlib import Path

import pytest

from sites.content.uploads import in_units, receive_upload
from sites.errors import UploadTooLarge


class Broken(io.BytesIO):
    """A client that goes away."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise ConnectionResetError


def test_a_body_of_exactly_the_limit_is_taken(data: Path) -> None:
    path = receive_upload(io.BytesIO(b"x" * 1000), 1000)
    assert path.read_bytes() == b"x" * 1000
    assert path.parent == data / "upload"


def test_one_byte_more_is_refused_with_the_limit_and_leaves_nothing(data: Path) -> None:
    with pytest.raises(UploadTooLarge, match="larger than 1000 bytes, the limit of this installation"):
        receive_upload(io.BytesIO(b"x" * 1001), 1000)
    assert list((data / "upload").iterdir()) == []


def test_a_client_that_goes_away_leaves_nothing(data: Path) -> None:
    with pytest.raises(ConnectionResetError):
        receive_upload(Broken(), 1000)
    assert list((data / "upload").iterdir()) == []


@pytest.mark.parametrize(
    ("size", "text"), [(12, "12 bytes"), (1536, "1.5 KB"), (512 * 1024**2, "512 MB"), (2 * 1024**3, "2 GB")]
)
def test_sizes_are_told_in_units(size: int, text: str) -> None:
    assert in_units(size) == text
