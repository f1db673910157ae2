"""What is chosen on the Scale tab beside what is saved."""

from dataclasses import dataclass

from django.http import QueryDict

from portal import autoscale_form
from sites.capacity import Cost, cost_of
from sites.models import ChosenSize, InstanceSize, Mode, Operation, SizeFigures, Slot
from sites.models.instance_size import SIZES
from sites.services.autoscale import read_rule, why_no_autoscale
from sites.services.sizes import size_in_mode, wanted_size

MAX_DIGITS = 7
"""Of a figure that is typed."""
WAS = "was"
"""The field in which a page says what was saved when it was made."""
TOGETHER = (("mode",), ("count",), ("size", "cpu_percent", "memory_mb"))
"""Fields that are one choice; each of autoscale is one by itself."""


@dataclass(frozen=True)
class ModeOption:
    """One segment of WEB SITE MODE."""

    mode: Mode
    is_chosen: bool
    is_saved: bool


@dataclass(frozen=True)
class SizeOption:
    """One entry of INSTANCE SIZE."""

    size: InstanceSize
    words: str
    is_chosen: bool
    is_saved: bool


@dataclass(frozen=True)
class ScaleChoice:
    """Mode, size and count as saved and as chosen; what differs is not saved yet."""

    saved_mode: Mode
    mode: Mode
    saved_count: int
    count: int
    saved_size: ChosenSize
    size: ChosenSize
    former: SizeFigures
    """Own figures that were saved last, whether they are in force or not."""
    cost: Cost

    @property
    def options(self) -> list[ModeOption]:
        """The three segments."""
        return [ModeOption(mode, mode == self.mode, mode == self.saved_mode) for mode in Mode]

    @property
    def sizes(self) -> list[SizeOption]:
        """All sizes, with their figures."""
        return [
            SizeOption(size, _words(size), size == self.size.size, size == self.saved_size.size)
            for size in InstanceSize
        ]

    @property
    def is_mode_changed(self) -> bool:
        """Whether another mode is chosen than the saved one."""
        return self.mode != self.saved_mode

    @property
    def is_count_changed(self) -> bool:
        """Whether another count is chosen than the saved one."""
        return self.count != self.saved_count

    @property
    def is_size_changed(self) -> bool:
        """Whether another size is chosen than the saved one."""
        return self.size != self.saved_size

    @property
    def own(self) -> SizeFigures:
        """What the fields of own figures show: the chosen ones, or those that were saved last."""
        return self.size.figures if self.size.size == InstanceSize.OWN else self.former

    @property
    def most(self) -> int:
        """The highest count of the chosen mode."""
        return self.mode.max_instances


def _words(size: InstanceSize) -> str:
    figures = SIZES.get(size)
    return f"{size.caption} ({figures.words})" if figures else size.caption


def saved_fields(slot: Slot, operation: Operation | None) -> dict[str, str]:
    """The fields of the tab by name, as they are saved."""
    site = slot.site
    fields = {
        "mode": site.mode,
        "count": str(_saved_count(slot, operation)),
        "size": site.size.size.value,
        "cpu_percent": str(site.own_cpu_percent),
        "memory_mb": str(site.own_memory_mb),
    }
    if why_no_autoscale(slot):
        return fields
    rule = autoscale_form.values_of(read_rule(slot))
    return fields | {f"{autoscale_form.PREFIX}-{name}": value for name, value in rule.items()}


def chosen_of(sent: QueryDict) -> QueryDict:
    """What a person chose of what a page sent: without fields that are as saved when the page was made."""
    was = QueryDict(sent.get(WAS, ""))
    chosen = sent.copy()
    for names in (*TOGETHER, *((name,) for name in was if name.startswith(autoscale_form.PREFIX))):
        if all(sent.get(name) == was.get(name) for name in names):
            for name in names:
                chosen.pop(name, None)
    return chosen


def is_as_it_was(slot: Slot, operation: Operation | None, sent: QueryDict) -> bool:
    """Whether nobody has saved since the page was made. A count that a rule sets is nobody's."""
    if WAS not in sent:
        return True
    was, saved = QueryDict(sent.get(WAS, "")).dict(), saved_fields(slot, operation)
    if read_rule(slot).is_on and not why_no_autoscale(slot):
        was["count"] = saved["count"]
    return was == saved


def _saved_count(slot: Slot, operation: Operation | None) -> int:
    """A count that an open operation is bringing about counts as saved."""
    change = operation.changes.filter(slot=slot).first() if operation else None
    return change.count_after if change and change.count_after else slot.instance_count


def read_choice(slot: Slot, operation: Operation | None, query: QueryDict) -> ScaleChoice:
    """The choice that the address makes; what it leaves out, or says wrongly, is as saved."""
    site = slot.site
    saved_mode = Mode(site.mode)
    saved_count = _saved_count(slot, operation)
    mode = next((mode for mode in Mode if mode.value == query.get("mode")), saved_mode)
    wanted = query.get("count", "")
    counts = {str(count): count for count in range(1, mode.max_instances + 1)}
    count = min(counts.get(wanted, saved_count), mode.max_instances)
    size = read_size(slot, query) or size_in_mode(site, mode)
    return ScaleChoice(
        saved_mode=saved_mode,
        mode=mode,
        saved_count=saved_count,
        count=count,
        saved_size=site.size,
        size=size,
        former=SizeFigures(site.own_cpu_percent, site.own_memory_mb),
        cost=cost_with(slot, mode, count, size),
    )


def read_size(slot: Slot, query: QueryDict) -> ChosenSize | None:
    """The size that is named; None where none of those that there are is, or a figure is no number."""
    figures = {name: query.get(name, "") for name in ("cpu_percent", "memory_mb")}
    given = {name: int(text) for name, text in figures.items() if text.isdecimal() and len(text) <= MAX_DIGITS}
    if query.get("size") not in InstanceSize.values:
        return None
    return wanted_size(slot.site, str(query["size"]), **given)


def size_query(slot: Slot, size: ChosenSize) -> dict[str, object]:
    """The size as an address names it; nothing for the one that the site has."""
    if size == slot.site.size:
        return {}
    if size.size != InstanceSize.OWN:
        return {"size": size.size.value}
    return {"size": size.size.value, "cpu_percent": size.figures.cpu_percent, "memory_mb": size.figures.memory_mb}


def cost_with(slot: Slot, mode: Mode, count: int, size: ChosenSize) -> Cost:
    """What the web site takes with that choice: of `slot` that count, of its other slots what they have."""
    running = {one.pk: one.instance_count for one in slot.site.slots.all() if one.is_running}
    counts = {pk: min(own, mode.max_instances) for pk, own in running.items()}
    return cost_of(slot.site, counts | ({slot.pk: count} if slot.is_running else {}), size)
