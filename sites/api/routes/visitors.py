"""What visitors of a slot get: its maintenance page."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.common import SiteName, SlotName, answers
from sites.api.shapes.maintenance import MaintenanceShown, NewMaintenance, describe_maintenance
from sites.services import maintenance

router = Router(tags=["visitors"])
MAINTENANCE = "/sites/{site_name}/slots/{slot_name}/maintenance"


@router.get(MAINTENANCE, response=answers(200, MaintenanceShown), auth=READ)
def get_maintenance(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> MaintenanceShown:
    """The maintenance page, and whether visitors get it."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    return describe_maintenance(slot, maintenance.page_of(slot))


@router.put(MAINTENANCE, response=ASKED, auth=ADMINISTER)
def set_maintenance(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, body: NewMaintenance
) -> HttpResponse:
    """Begin or end maintenance, or change the page. Answered once every router has it; else the operation says who."""
    user = user_of(request)
    return asked(
        request,
        lambda: maintenance.set_maintenance(
            acting_user=user,
            slot=access.get_slot(user, site_name, slot_name),
            is_on=body.is_on,
            html=body.html,
            retry_after_seconds=body.retry_after_seconds,
        ),
    )
