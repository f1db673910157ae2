"""HOST:PORT is read, or refused."""

import pytest

from sites.router.place import Place, parse_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("192.0.2.7:8443", Place("192.0.2.7", 8443)),
        ("[2001:db8::7]:1", Place("2001:db8::7", 1)),
        ("xds.example.org:65535", Place("xds.example.org", 65535)),
    ],
)
def test_what_is_read_is_written_the_same(text: str, place: Place) -> None:
    assert parse_place(text) == place
    assert str(place) == text


@pytest.mark.parametrize(
    "text", ["", "8443", "host", "host:0", "host:65536", "2001:db8::7:1", "[host]:1", "[::g]:1", "h:1\n"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        parse_place(text)


def test_an_address_for_everybody_is_one_that_nobody_can_be_sent_to() -> None:
    assert [parse_place(text).is_everywhere for text in ("0.0.0.0:1", "[::]:1", "127.0.0.1:1", "host:1")] == [
        True,
        True,
        False,
        False,
    ]
