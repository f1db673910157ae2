"""What a browser sends of the KEY / VALUE rows, and of many lines pasted at once."""

import re

from django import forms

from sites.errors import Fault
from sites.services.setting_faults import CONNECTION_KINDS

LINES = "app_settings-lines"
_LINE_END = re.compile(r"\r\n|\r|\n")
_EXPORT = re.compile(r"^export\s+")


class Text(forms.CharField):
    """A text exactly as it was sent; what it may not hold is for the service to say."""

    def __init__(self) -> None:
        super().__init__(required=False, strip=False)
        self.validators = []


class EntryForm(forms.Form):
    """One row. `was` is the name under which it was loaded, `base` the digest of what it had then.

    An empty value of a hidden row keeps that of the entry `kept`, or is the one that is `sealed`.
    """

    name = forms.CharField(required=False)
    value = Text()
    arguments = Text()
    kind = forms.ChoiceField(required=False, choices=[(kind, kind) for kind in CONNECTION_KINDS])
    is_sticky = forms.BooleanField(required=False)
    kept = Text()
    sealed = Text()
    was = Text()
    base = Text()

    @property
    def is_blank(self) -> bool:
        """The last row, as long as nothing was typed into it."""
        return not any(self.cleaned_data.get(part) for part in ("name", "value", "sealed", "was"))


EntryFormSet = forms.formset_factory(EntryForm, extra=0, can_delete=True)


def pasted_lines(text: str) -> tuple[dict[str, str], list[Fault]]:
    """Lines KEY=VALUE, as a file .env has them; blank ones and those that begin with # are left out.

    `export` before a key, and quotation marks around a whole value, are taken off. A value in quotation marks may go on
    over several lines. With them come the faults: lines without a key and '=', and keys that come twice.
    """
    found: dict[str, str] = {}
    faults: list[Fault] = []
    lines = _LINE_END.split(text)
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name = _EXPORT.sub("", name.strip())
        if not equals or not name:
            missing = "key before its '='" if equals else "'='"
            faults.append(_line_fault(number, f"it has no {missing}; write each line as KEY=VALUE"))
            continue
        if name in found:
            faults.append(_line_fault(number, f"it has the key '{name}' a second time; keep one of the two"))
        more = _lines_to_the_end_of_quotes(value.strip(), lines[number:])
        found[name] = _unquoted("\n".join([value, *lines[number : number + more]]).strip())
        number += more
    return found, faults


def _line_fault(number: int, reason: str) -> Fault:
    return Fault((LINES,), f"Line {number} of the pasted lines", reason, number)


def _lines_to_the_end_of_quotes(value: str, following: list[str]) -> int:
    """How many of the following lines belong to a value whose quotation mark is not closed on its own line.

    The first of them that has the mark again has it once and at its end; else the mark is part of the value.
    """
    mark = value[:1]
    if not mark or mark not in "\"'" or mark in value[1:]:
        return 0
    for count, line in enumerate(following, start=1):
        if mark in line:
            return count if line.count(mark) == 1 and line.rstrip().endswith(mark) else 0
    return 0


def _unquoted(value: str) -> str:
    """Without the quotation marks that stand around all of it."""
    mark = value[:1]
    is_quoted = len(value) > 1 and mark in "\"'" and value.endswith(mark) and mark not in value[1:-1]
    return value[1:-1] if is_quoted else value
