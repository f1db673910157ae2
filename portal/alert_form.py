"""The form that makes an alert rule, and the rule that it says."""

from django.http import QueryDict

from sites.errors import Fault
from sites.monitoring.alert_rules import EXAMPLE, LONGEST_NAME, MAX_MINUTES, MEASURES, PREFIX, fault_of

SIDES = ("above", "below")
IDS = {"name": "alert-name", "number": "alert-number", "minutes": "alert-minutes"}
"""Of the fields that can be refused, in their order."""
START = {"name": "", "measure": "5xx", "side": "above", "number": "20", "minutes": "5"}


class AlertForm:
    """What is typed, and what can be chosen."""

    sides = SIDES
    longest_name = LONGEST_NAME
    most_minutes = MAX_MINUTES

    def __init__(self, data: QueryDict | None = None) -> None:
        given = data or QueryDict()
        self.typed = {name: str(given.get(name, start)).strip() for name, start in START.items()}

    @property
    def measures(self) -> list[tuple[str, str]]:
        """Name and caption of each, with the unit in which a number counts that has none."""
        units = {"": "", "ms": ", ms", "bytes": ", bytes", "%": ", %", "minutes": ", minutes", "days": ", days"}
        return [
            (one.name, f"{one.caption}{' (no number)' if one.so else units[one.unit]}") for one in MEASURES.values()
        ]

    @property
    def name(self) -> str:
        """Of the rule."""
        return self.typed["name"]

    @property
    def text(self) -> str:
        """The rule as it is written; a measure that is so or not has no number."""
        typed = self.typed
        measure = MEASURES.get(typed["measure"])
        bound = "" if measure and measure.so else f" {typed['side']} {typed['number']}"
        return f"{typed['measure']}{bound} for {typed['minutes']} min"

    @property
    def faults(self) -> list[Fault]:
        """What cannot be taken: each field is looked at in a rule whose other parts are right."""
        whole = self.typed
        with_number, with_minutes = AlertForm(), AlertForm()
        with_number.typed |= {name: whole[name] for name in ("measure", "side", "number")}
        with_minutes.typed |= {"minutes": whole["minutes"]}
        rules = (
            ("name", "Name", self.name, EXAMPLE),
            ("number", "Threshold", "rule", with_number.text),
            ("minutes", "For", "rule", with_minutes.text),
        )
        found = ((field, caption, fault_of(f"{PREFIX}{name}", text)) for field, caption, name, text in rules)
        return [Fault((field,), caption, reason) for field, caption, reason in found if reason is not None]
