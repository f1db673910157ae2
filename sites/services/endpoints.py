"""Web endpoints of a slot, and what their last checks found."""

from dataclasses import dataclass
from typing import Literal

from django.db.models import Q

from sites.general_settings import ENDPOINTS
from sites.models import Category, EndpointCheck, Mode, Slot, SlotSetting


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that is set; `check` is None until it was asked."""

    number: int
    url: str
    check: EndpointCheck | None

    @property
    def health(self) -> Literal["unknown", "good", "bad"]:
        """`unknown`, `good` or `bad`."""
        if self.check is None:
            return "unknown"
        return "bad" if self.check.fault else "good"


def endpoints_of(slot: Slot) -> list[Endpoint]:
    """By number; one query, and one more where there are some."""
    own = Q(slot=slot) | Q(workload=slot.workload_id, workload__isnull=False)
    rows = SlotSetting.objects.filter(own, category=Category.MONITORING, name__in=ENDPOINTS)
    urls = {row.name: str(row.value) for row in rows if row.value}
    if not urls:
        return []
    checks = {(check.name, str(check.url)): check for check in EndpointCheck.objects.filter(slot=slot)}
    return [Endpoint(int(name[-1]), urls[name], checks.get((name, urls[name]))) for name in sorted(urls)]


def why_no_endpoints(slot: Slot) -> str:
    """The sentence of a slot whose mode has none; empty for one that has."""
    mode = Mode(slot.site.mode)
    if mode.limits.has_endpoints:
        return ""
    return f"Web endpoints need Standard mode; '{slot.site.name}' is in {mode.label} mode. Change the mode under Scale."
