"""Alerts: every ten seconds, a look at all alert rules; what begins and what is over becomes an event.

A rule tells once its condition has been met at every look of as many minutes as it says. It is over once the condition
was not met for as many. So a value that goes up and down tells of one alert and not of many.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from sites.events import recording
from sites.events.types import ALERT_ENDED, ALERT_FIRED, EventType
from sites.models import Alert, Category, Slot, SlotSetting
from sites.models.clock import now
from sites.monitoring.alert_rules import PREFIX, AlertRule, parse
from sites.monitoring.measured import measured
from sites.operations.kinds.recorded import ALERT

ACTOR = "Greenroom"
Key = tuple[int, str]
"""Slot id and name of the rule."""


def run() -> None:
    """One look. How many queries it makes depends on what begins and what is over, not on how many rules there are."""
    rules = _rules()
    alerts = {(row.slot_id, row.name): row for row in Alert.objects.all()}
    if not rules and not alerts:
        return
    moment = now()
    wanted = {slot for slot, _ in (*rules, *alerts)}
    slots = Slot.objects.select_related("site__subscription", "live_revision").defer("live_revision__snapshot")
    found = slots.in_bulk(wanted)
    rules = {key: rule for key, rule in rules.items() if key[0] in found}
    values = measured(found.values(), {rule.measure.name for rule in rules.values()}, moment)
    _forget(rules, alerts, found)
    met = {key for key, rule in rules.items() if rule.is_met(values.get((key[0], rule.measure.name)))}
    known = {key: row for key, row in alerts.items() if key in rules and row.rule == rules[key].text}
    _turn(rules, known, met, moment)
    for key, row in known.items():
        rule, slot = rules[key], found[key[0]]
        is_over = row.turned_at is not None and moment - row.turned_at >= timedelta(minutes=rule.minutes)
        if is_over and (key in met) != (row.fired_at is not None):
            if row.fired_at is None:
                _fire(row, rule, slot, values[slot.pk, rule.measure.name], moment)
            else:
                _end(row, slot, rule.not_met)


def _rules() -> dict[Key, AlertRule]:
    """Those of all slots, with that which the slot itself has before that of its content; one query."""
    rows = SlotSetting.objects.filter(category=Category.MONITORING, name__startswith=PREFIX)
    owned = rows.annotate(of_workload=F("workload__slot__pk")).order_by(F("slot").asc(nulls_first=True))
    found: dict[Key, AlertRule] = {}
    for row in owned:
        slot = row.slot_id or row.of_workload
        name = row.name.removeprefix(PREFIX)
        if slot is not None:
            with suppress(ValueError):  # an older version may have taken what this one does not
                found[slot, name] = parse(name, str(row.value))
    return found


def _forget(rules: Mapping[Key, AlertRule], alerts: Mapping[Key, Alert], slots: Mapping[int, Slot]) -> None:
    """What belongs to a rule that is gone, or says something else now."""
    quiet = []
    for key, row in alerts.items():
        if key in rules and rules[key].text == row.rule:
            continue
        if row.fired_at is None or row.slot_id not in slots:
            quiet.append(row.pk)
        else:
            why = "its rule was changed" if key in rules else "its rule is not in force here any more"
            _end(row, slots[row.slot_id], why)
    if quiet:
        Alert.objects.filter(pk__in=quiet, fired_at=None).delete()


def _turn(rules: Mapping[Key, AlertRule], known: Mapping[Key, Alert], met: Iterable[Key], moment: datetime) -> None:
    """Note since when each condition is the opposite of what was last reported; at most four queries."""
    met = set(met)
    begun = [Alert(slot_id=key[0], name=key[1], rule=rules[key].text, turned_at=moment) for key in met - known.keys()]
    back = {key: row for key, row in known.items() if (key in met) == (row.fired_at is not None)}
    quiet = [row.pk for row in back.values() if row.fired_at is None]
    still = [row.pk for row in back.values() if row.fired_at is not None and row.turned_at is not None]
    turned = [row for key, row in known.items() if key not in met and row.fired_at and row.turned_at is None]
    if begun:
        Alert.objects.bulk_create(begun, ignore_conflicts=True)
    if quiet:
        Alert.objects.filter(pk__in=quiet, fired_at=None).delete()
    if still:
        Alert.objects.filter(pk__in=still).update(turned_at=None)
    if turned:
        Alert.objects.filter(pk__in=[row.pk for row in turned], turned_at=None).update(turned_at=moment)


@transaction.atomic
def _fire(row: Alert, rule: AlertRule, slot: Slot, value: float | None, moment: datetime) -> None:
    """Unless somebody else has meanwhile."""
    if not Alert.objects.filter(pk=row.pk, fired_at=None).update(fired_at=moment, turned_at=None):
        return
    last = "" if value is None or rule.measure.so else f", last {rule.in_words(value)}"
    sentence = f"Alert '{row.name}' of '{slot.title}': {rule.met}{last}. Look at its Monitor page."
    _record(slot, ALERT_FIRED, row, sentence, value)


@transaction.atomic
def _end(row: Alert, slot: Slot, why: str) -> None:
    """Unless somebody else has meanwhile."""
    if not Alert.objects.filter(pk=row.pk, fired_at=row.fired_at).delete()[0]:
        return
    since = f"{row.fired_at:%Y-%m-%d %H:%M} UTC"
    _record(slot, ALERT_ENDED, row, f"Alert '{row.name}' of '{slot.title}', on since {since}, is over: {why}.", None)


def _record(slot: Slot, event: EventType, row: Alert, sentence: str, value: float | None) -> None:
    ALERT.record(actor_name=ACTOR, site=slot.site, target=slot.title, outcome=sentence)
    recording.record(
        [event],
        subscription=slot.site.subscription,
        site=slot.site,
        subject=slot.title,
        sentence=sentence,
        data={"slots": [slot.name], "alert": row.name, "rule": row.rule, "value": value},
    )
