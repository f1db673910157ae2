"""What was served at a slot's addresses, one after another, and the report of each."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from portal.command_bar import LIST_COMMANDS
from portal.http import PortalRequest
from portal.views.site_pages import parts
from sites.access import get_slot
from sites.counted import counted
from sites.errors import NotFound
from sites.models import Slot, Stay
from sites.models.clock import reckoned
from sites.monitoring import releases
from sites.monitoring.releases import Release
from sites.operations.kinds import kind_of

PAGE_SIZE = 20
CHOICES = 50
"""Releases that are offered to be compared with."""


@dataclass(frozen=True)
class Line:
    """A release in words."""

    release: Release

    @property
    def name(self) -> str:
        """What was served."""
        deployment = self.release.deployment
        return deployment.message or deployment.short_id if deployment else "the placeholder page"

    @property
    def kind(self) -> str:
        """What brought it, as a caption."""
        operation = self.release.operation
        return kind_of(operation).title_of(operation) if operation else "–"

    @property
    def actor(self) -> str:
        """Who asked for that."""
        return self.release.operation.actor_name if self.release.operation else "–"

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Captions and figures, in words."""
        one = self.release
        share = "–" if one.error_share is None else f"{one.error_share:.2%}"
        times = [one.latency(share) for share in (0.5, 0.95, 0.99)]
        return [
            ("Time in service", _span(one.seconds)),
            ("Requests", f"{one.requests:,}"),
            ("Http server errors", f"{one.errors:,}"),
            ("Share of these", share),
            *zip(
                ("Response time, median", "Response time, 95 %", "Response time, 99 %"),
                ("–" if found is None else f"{found:,.0f} ms" for found in times),
                strict=True,
            ),
            ("CPU time per request", "–" if one.cpu_ms_per_request is None else f"{one.cpu_ms_per_request:,.1f} ms"),
            ("Instances started again", f"{one.starts:,}"),
        ]


@require_safe
def history(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """All of them, newest first."""
    slot = get_slot(request.user, site_name, slot_name)
    page = Paginator(releases.stays_of(slot), PAGE_SIZE).get_page(request.GET.get("page"))
    lines = [Line(one) for one in releases.releases(slot, list(page), reckoned())]
    context: dict[str, object] = {"page": page, "lines": lines}
    return parts.show(request, slot, "dashboard", context, commands=LIST_COMMANDS, template="site/releases.html")


@require_safe
def report(request: PortalRequest, site_name: str, slot_name: str, number: int) -> HttpResponse:
    """One of them beside the one before it, or beside the one that `with` names."""
    slot = get_slot(request.user, site_name, slot_name)
    stay = _stay(slot, str(number))
    asked = request.GET.get("with", "")
    found = releases.report(slot, stay, _stay(slot, asked) if asked else None, reckoned())
    line, other = Line(found.release), Line(found.other) if found.other else None
    former = other.cells if other else [("", "")] * len(line.cells)
    context: dict[str, object] = {
        "line": line,
        "other": other,
        "changes": found.changes,
        "figures": [(caption, value, before) for (caption, value), (_, before) in zip(line.cells, former, strict=True)],
        "steps": found.release.operation.steps.all() if found.release.operation else [],
        "choices": [Line(Release(one, {}, reckoned())) for one in releases.stays_of(slot)[:CHOICES] if one != stay],
    }
    return parts.show(request, slot, "dashboard", context, commands=LIST_COMMANDS, template="site/release.html")


def _stay(slot: Slot, number: str) -> Stay:
    found = (
        releases.stays_of(slot).filter(pk=int(number)).first()
        if number.isascii() and number.isdecimal() and len(number) < 16
        else None
    )
    if found is None:
        raise NotFound("There is no such release of this slot. The list of releases names them all.")
    return found


def _span(seconds: float) -> str:
    """In the two largest units."""
    units = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
    left, words = int(seconds), []
    for name, size in units:
        count, left = divmod(left, size)
        if count:
            words.append(counted(count, name))
    return " ".join(words[:2]) or "less than a second"
