"""Text of strangers, so that it can do nothing to what shows it: a terminal, a log, a table, a page.

Beside letters and signs, Unicode has characters that act: on a terminal (ECMA-48), on the order in which letters are
shown (UAX 9), or on where a line ends. Here they become visible, as `\\x1b` or `\\u202e`.
"""

import re
import unicodedata

_ACTING = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: what terminals obey
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # the order of letters
    "\u2028\u2029"  # ends of lines
    "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # seen by nobody
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # the same: shorthand, music, tags
    "\ud800-\udfff"  # halves of pairs, which no encoder takes
    "]"
)
# What a setting, name or message cannot have: the joiners of scripts and pictures, and the two marks of direction
# that people do write, are left
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x9b[0-?]*[ -/]*[@-~]")
_KNOWN = {"\n": "a line break", "\r": "a line break", "\t": "a tab", "\0": "a zero byte"}


def visible(text: str, *, keep: str = "") -> str:
    """`text` with every acting character written out, but for those in `keep`."""
    return _ACTING.sub(lambda found: found[0] if found[0] in keep else written_out(found[0]), text)


def one_line(text: str) -> str:
    """`text` on one line, with every acting character written out; line breaks and tabs become blanks."""
    return visible(" ".join(text.splitlines()).replace("\t", " "))


def without_colours(text: str) -> str:
    """What a program wrote for a terminal, without its colours and titles (ECMA-48 control sequences)."""
    return _COLOURS.sub("", text)


def log_text(text: str) -> str:
    """What a program wrote, for people: lines and tabs stay, colours go, the rest is written out."""
    return visible(without_colours(text.replace("\r\n", "\n")), keep="\n\t")


def written_out(character: str) -> str:
    """One character as `\\x1b`, `\\u202e` or `\\U000e0041`."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def control_fault(text: str) -> str | None:
    """A half-sentence on the first character that a name or message cannot have; None when it has none."""
    found = _REFUSED.search(text)
    if found is None:
        return None
    character = found[0]
    named = _KNOWN.get(character) or f"the control character {_title(character)}"
    return f"it contains {named}"


def _title(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")
