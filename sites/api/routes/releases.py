"""What was served at a slot's addresses, one after another, and the report of each."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Query, Router

from sites import access
from sites.api.asking import user_of
from sites.api.authentication import READ
from sites.api.shapes.common import Page, Pages, SiteName, SlotName, answers, page_of
from sites.api.shapes.releases import ReleaseShown, ReportShown, describe_release, describe_report
from sites.errors import NotFound
from sites.models import Slot, Stay
from sites.models.clock import reckoned
from sites.monitoring import releases

router = Router(tags=["releases"])
OF_SLOT = "/sites/{site_name}/slots/{slot_name}/releases"
MAX_ID = 2**53
ReleaseId = Annotated[int, Path(ge=1, le=MAX_ID)]
Other = Annotated[int | None, Query(alias="with", ge=1, le=MAX_ID, description="the release to compare it with")]


@router.get(OF_SLOT, response=answers(200, Page[ReleaseShown]), auth=READ)
def list_releases(request: HttpRequest, site_name: SiteName, slot_name: SlotName, paging: Pages) -> Page[ReleaseShown]:
    """What the slot has served, newest first, each from one switch to the next."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    rows, figures = page_of(releases.stays_of(slot), paging)
    found = releases.releases(slot, rows, reckoned())
    return Page[ReleaseShown](items=[describe_release(one) for one in found], **figures)


@router.get(f"{OF_SLOT}/{{release_id}}", response=answers(200, ReportShown), auth=READ)
def get_release(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, release_id: ReleaseId, other: Other = None
) -> ReportShown:
    """The report of a release: what changed, who did it and how long it took, and its figures beside the one before."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    beside = _find(slot, other) if other is not None else None
    return describe_report(request, releases.report(slot, _find(slot, release_id), beside, reckoned()))


def _find(slot: Slot, number: int) -> Stay:
    found = releases.stays_of(slot).filter(pk=number).first()
    if found is None:
        raise NotFound
    return found
