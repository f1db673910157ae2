"""Who may visit a slot, and its maintenance page."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.common import SiteName, SlotName, answers
from sites.api.shapes.maintenance import MaintenanceShown, NewMaintenance, describe_maintenance
from sites.api.shapes.visitors import NewVisitors, VisitorsShown, describe_visitors
from sites.api.tags import etag, expected_tag
from sites.services import maintenance, visitors

router = Router(tags=["visitors"])
VISITORS = "/sites/{site_name}/slots/{slot_name}/visitors"
MAINTENANCE = "/sites/{site_name}/slots/{slot_name}/maintenance"


@router.get(MAINTENANCE, response=answers(200, MaintenanceShown), auth=READ)
def get_maintenance(
    request: HttpRequest, response: HttpResponse, site_name: SiteName, slot_name: SlotName
) -> MaintenanceShown:
    """The maintenance page, and whether visitors get it."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    response["ETag"] = etag(maintenance.state_of(slot))
    return describe_maintenance(slot, maintenance.page_of(slot))


@router.put(MAINTENANCE, response=ASKED, auth=ADMINISTER)
def set_maintenance(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, body: NewMaintenance
) -> HttpResponse:
    """Begin or end maintenance, or change the page. If-Match has the page changed only if nobody changed it since.

    Answered once every router has it; else the operation says which has not.
    """
    user = user_of(request)
    return asked(
        request,
        lambda: maintenance.set_maintenance(
            acting_user=user,
            slot=access.get_slot(user, site_name, slot_name),
            is_on=body.is_on,
            html=body.html,
            retry_after_seconds=body.retry_after_seconds,
            addresses=body.addresses,
            expected=expected_tag(request),
        ),
    )


@router.get(VISITORS, response=answers(200, VisitorsShown), auth=READ)
def get_visitors(
    request: HttpRequest, response: HttpResponse, site_name: SiteName, slot_name: SlotName
) -> VisitorsShown:
    """Who may visit the slot."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    response["ETag"] = etag(visitors.state_of(slot))
    return describe_visitors(visitors.rule_of(slot))


@router.put(VISITORS, response=ASKED, auth=ADMINISTER)
def save_visitors(request: HttpRequest, site_name: SiteName, slot_name: SlotName, body: NewVisitors) -> HttpResponse:
    """Say who may visit. If-Match has it done only if nobody changed it since. Answered once every router has it."""
    user = user_of(request)
    return asked(
        request,
        lambda: visitors.save_visitors(
            acting_user=user,
            slot=access.get_slot(user, site_name, slot_name),
            others=body.others,
            addresses=body.addresses,
            password=body.password,
            expected=expected_tag(request),
        ),
    )
