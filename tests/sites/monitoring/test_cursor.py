"""A place in the logs goes through an address and comes back."""

import base64
import zlib

from sites.monitoring.cursor import decode, encode


def test_positions_survive_an_address_and_nothing_else_does() -> None:
    positions = {"12/0": "3-4-5", "12/1": "7"}
    assert decode(encode(positions)) == positions
    assert encode({}) == ""
    deep = base64.urlsafe_b64encode(zlib.compress(b"[" * 60_000)).decode()
    for text in ("", deep, "nonsense", "%00", encode({"a": "1"}), encode({"1/1": "x"}), encode({"1/1": "../.."})):
        assert decode(text) == {}
