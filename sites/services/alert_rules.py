"""Alert rules of a slot: how each stands, and one more or one less among the slot's settings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.contrib.auth.models import User

from sites import access
from sites.errors import NotFound
from sites.models import Alert, Category, Operation, Slot
from sites.monitoring.alert_rules import PREFIX, AlertRule, parse
from sites.services import settings, sticky_names
from sites.services.entry import Entry


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule that is in force in a slot, and how it stands."""

    rule: AlertRule
    alert: Alert | None
    """None: it is quiet."""

    @property
    def state(self) -> Literal["quiet", "met", "fired", "ending"]:
        """`quiet`, `met` (not long enough yet), `fired`, or `ending` (not met any more, not long enough yet)."""
        if self.alert is None:
            return "quiet"
        if self.alert.fired_at is None:
            return "met"
        return "fired" if self.alert.turned_at is None else "ending"

    @property
    def since(self) -> datetime | None:
        """Since when it is in that state; None for a quiet one."""
        return self.alert.turned_at or self.alert.fired_at if self.alert else None


def standings_of(slot: Slot) -> list[Standing]:
    """Of all rules of the slot, by name; three queries."""
    alerts = {row.name: row for row in Alert.objects.filter(slot=slot)}
    found = []
    for entry in settings.read_settings(slot, Category.MONITORING):
        if entry.name.startswith(PREFIX):
            rule = parse(entry.name.removeprefix(PREFIX), entry.value)
            alert = alerts.get(rule.name)
            found.append(Standing(rule, alert if alert and alert.rule == rule.text else None))
    return found


def save(*, acting_user: User, slot: Slot, name: str, text: str) -> Operation:
    """Have the slot have a rule of that name, in place of another one of the same name.

    Raises SettingRefused for one that cannot be, NotAllowed, SlotBusy, and Outdated when somebody saved meanwhile.
    """
    setting = f"{PREFIX}{name}"
    is_sticky = setting in sticky_names.of(slot.site).get(Category.MONITORING, frozenset())
    return _replace(acting_user, slot, setting, [Entry(setting, text, is_sticky=is_sticky)])


def remove(*, acting_user: User, slot: Slot, name: str) -> Operation:
    """Have the slot have no rule of that name. Raises NotFound for one that it has not, and as `save`."""
    return _replace(acting_user, slot, f"{PREFIX}{name}", [])


def _replace(acting_user: User, slot: Slot, setting: str, new: list[Entry]) -> Operation:
    slot = access.slot_for_change(acting_user, slot)
    state = settings.state_of(slot, [Category.MONITORING])
    present = settings.read_settings(slot, Category.MONITORING)
    kept = [entry for entry in present if entry.name != setting]
    if not new and kept == present:
        raise NotFound
    wanted = {Category.MONITORING: [*kept, *new]}
    return settings.save_categories(acting_user=acting_user, slot=slot, categories=wanted, expected=state)
