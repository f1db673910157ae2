"""From where somebody comes."""

import pytest

from sites.router.guard.rule import comes_from, networks


@pytest.mark.parametrize(
    ("address", "lies_in"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("192.0.3.7", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("::1", False),
        ("127.0.0.1", False),
        ("", False),
        ("nonsense", False),
        ("192.0.2.7, 198.51.100.1", False),
    ],
)
def test_an_address_lies_in_a_network_or_not(address: str, lies_in: bool) -> None:
    assert comes_from(address, networks(["192.0.2.0/24", "2001:db8::/32"])) is lies_in


def test_a_list_of_one_family_lets_nobody_of_the_other_in() -> None:
    assert not comes_from("192.0.2.7", networks(["::/0"]))
    assert not comes_from("2001:db8::1", networks(["0.0.0.0/0"]))
    assert not comes_from("192.0.2.7", ())
