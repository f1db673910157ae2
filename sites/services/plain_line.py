"""A name or message that somebody gives to something: one line, without characters that act on what shows it."""

import re

from sites.errors import SettingRefused
from sites.plain_text import control_fault

_LINE_ENDS = re.compile(r"\s*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+\s*")


def plain_line(text: str, what: str) -> str:
    """`text` with blanks for its line ends and tabs. Raises SettingRefused for another control character.

    `what` begins the sentence: "The message of the publication".
    """
    line = _LINE_ENDS.sub(" ", text).strip()
    fault = control_fault(line)
    if fault is not None:
        raise SettingRefused(f"{what} cannot be taken: {fault}. Nothing was changed; leave it out and try again.")
    return line
