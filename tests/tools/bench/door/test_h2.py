"""HTTP/2 as far as an attacker needs it, read back byte by byte."""

import struct

from tools.bench.door.h2 import DATA, END_HEADERS, HEADERS, field, fields, frame


def test_a_frame_is_length_kind_flags_stream_and_payload() -> None:
    whole = frame(HEADERS, END_HEADERS, 7, b"abc")
    assert whole == b"\x00\x00\x03" + bytes((HEADERS, END_HEADERS)) + struct.pack(">I", 7) + b"abc"
    assert len(frame(DATA, 0, 1, b"a")) == 9 + 1


def test_a_field_is_literal_and_never_indexed() -> None:
    assert field("x-a", "bc") == b"\x10\x03x-a\x02bc"
    block = fields("POST", "/p", "host", {"cookie": "a=b"})
    assert block.startswith(b"\x10\x07:method\x04POST")
    assert block.endswith(b"\x10\x06cookie\x03a=b")
