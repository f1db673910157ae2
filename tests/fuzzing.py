"""Inputs of strangers, altered at random: a corpus of files, and what mutates them.

A corpus is a folder. Each case that was ever found goes into it as a file of its own, and is tried every time.
"""

import json
from pathlib import Path

from hypothesis import strategies as st

WORDS = (
    rb"[ ] { } ( ) < > \" ' = : @ # * / \ , ; & | ` ~ ! .. ../ // [[ ]] null true -1 1e999 $(id) ${HOME} \u0000 \ud800"
)
BYTES = (b"\0", b"\n", b"\r\n", b" ", b"\xff\xfe", b"\xe0\xa4", b"\xed\xa0\x80", b"\x1b[2J", b"9" * 5000, b"PK\x05\x06")
TOKENS = (*WORDS.split(), *BYTES)
"""What means something to one parser or another."""


def cases(folder: Path) -> list[Path]:
    """The files of a corpus; fails when there are none."""
    found = sorted(folder.iterdir())
    assert found, f"{folder} is empty"
    return found


def read_tree(case: Path) -> dict[str, bytes]:
    """A folder that a corpus holds as one file: names and texts, one byte for each character."""
    return {name: text.encode("latin-1") for name, text in json.loads(case.read_text()).items()}


@st.composite
def mutated(draw: st.DrawFn, bodies: list[bytes]) -> bytes:
    """One of the bodies with a few bytes of it altered, removed, repeated or put in."""
    body = bytearray(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        length = draw(st.integers(0, 40))
        match draw(st.sampled_from(("alter", "put in", "remove", "repeat", "cut"))):
            case "alter" if at < len(body):
                body[at] = draw(st.integers(0, 255))
            case "put in":
                body[at:at] = draw(st.sampled_from(TOKENS))
            case "remove":
                del body[at : at + length]
            case "repeat":
                body[at:at] = body[at : at + length] * draw(st.sampled_from((1, 2, 50)))
            case "cut":
                del body[at:]
    return bytes(body)
