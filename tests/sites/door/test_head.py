"""What is believed of a request's head."""

import pytest

from sites.door.head import Head


def head(**headers: str) -> Head:
    said = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Head({"method": "POST", "path": "/", "headers": said})


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("Portal.Test:8080", "portal.test"),
        ("portal.test.", "portal.test"),
        ("[::1]:8080", "[::1]"),
        ("portal.test", "portal.test"),
        ("", ""),
    ],
)
def test_a_host_is_compared_without_case_port_and_dot(said: str, host: str) -> None:
    assert head(host=said).host == host


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_addresses_of_one_subscriber_count_as_one_client(said: str, client: str) -> None:
    assert head(x_forwarded_for=said).client == client


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({}, 0),
        ({"content_length": "5"}, 5),
        ({"content_length": "x"}, 0),
        ({"transfer_encoding": "chunked"}, None),
        ({"transfer_encoding": "chunked", "content_length": "5"}, None),
    ],
)
def test_a_length_is_known_or_not(headers: dict[str, str], length: int | None) -> None:
    assert head(**headers).length == length


def test_repeated_headers_are_joined_and_those_with_underscores_left_out() -> None:
    said = [(b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"accept", b"x"), (b"accept", b"y"), (b"x_b", b"forged")]
    assert Head({"headers": said}).headers == {"cookie": "a=1; b=2", "accept": "x,y"}


@pytest.mark.parametrize(("said", "length"), [("150", 150), ("9" * 5000, int("9" * 20)), ("-1", 0), ("", 0)])
def test_a_length_that_no_computer_reads_is_only_long(said: str, length: int) -> None:
    assert head(content_length=said).length == length
