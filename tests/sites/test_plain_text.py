"""Text of strangers does nothing to what shows it."""

import sys
import unicodedata

import pytest

from sites.plain_text import control_fault, log_text, one_line, visible, without_colours

TITLE = "\x1b]0;PWN\x07\x1b[31m"


def test_what_a_terminal_obeys_is_written_out() -> None:
    assert visible(f"a{TITLE}b\x9b2J\r\x7f") == r"a\x1b]0;PWN\x07\x1b[31mb\x9b2J\x0d\x7f"
    assert visible("a\nb\tc") == r"a\x0ab\x09c"
    assert visible("a\nb\tc", keep="\n\t") == "a\nb\tc"


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\u2028", "\u200b", "\ufeff", "\U000e0041", "\ud800"])
def test_what_hides_or_turns_letters_is_written_out(sign: str) -> None:
    assert visible(f"a{sign}b") in (f"a\\u{ord(sign):04x}b", f"a\\U{ord(sign):08x}b")


@pytest.mark.parametrize("text", ["Grüße", "שלום", "سلام", "👩‍💻 ❤️", "नमस्ते", "日本語", "می‌خواهم", "a b\u00a0c"])
def test_letters_and_signs_are_left_alone(text: str) -> None:
    assert visible(text) == one_line(text) == log_text(text) == text
    assert control_fault(text) is None


def test_no_control_character_of_unicode_is_left() -> None:
    joiners = {"\u200c", "\u200d"}
    acting = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl", "Zp")
        or (
            unicodedata.category(chr(code)) == "Cf"
            and unicodedata.bidirectional(chr(code)) not in ("", "AN", "AL", "L")
        )
    ]
    assert len(acting) > 2000
    assert [sign for sign in acting if sign not in joiners and sign in visible(f"x{sign}x")] == []


def test_one_line_is_one_line_for_every_reader() -> None:
    for end in ("\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"):
        assert one_line(f"a{end}b") == "a b"
    assert one_line("a\tb") == "a b"


def test_a_log_keeps_its_lines_and_loses_its_colours() -> None:
    assert log_text("\x1b[1;32mok\x1b[0m\r\n\tdone\x1b]0;title\x07\n") == "ok\n\tdone\n"
    assert log_text("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\") == "link"
    assert log_text("progress 1\rprogress 2") == r"progress 1\x0dprogress 2"
    assert without_colours("\x1b") == "\x1b" and log_text("\x1bc") == r"\x1bc"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a\0b", "a zero byte"),
        ("a\nb", "a line break"),
        ("a\x1bb", "the control character U+001B"),
        ("a\x9bb", "the control character U+009B"),
        ("a\u202eb", "the control character U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("a\u2028b", "the control character U+2028 (LINE SEPARATOR)"),
    ],
)
def test_a_fault_names_the_character(text: str, fault: str) -> None:
    assert control_fault(text) == f"it contains {fault}"
