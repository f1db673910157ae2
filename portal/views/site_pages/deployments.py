"""Deployments: what was published to the slot's workload, and the log of each build."""

import uuid

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.command_bar import DEPLOYMENT_COMMANDS, SYNC, Command
from portal.http import PortalRequest
from portal.site_forms import PublishForm
from portal.views.site_pages import parts
from portal.views.site_pages.facts import SlotFacts
from sites.access import get_slot, may_see_output
from sites.errors import NotFound
from sites.models import Deployment, Slot
from sites.services.deployments import end_of_log
from sites.services.differences import Difference, difference

PAGE_SIZE = 20


@require_safe
def history(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The history with the newest first, the form to publish, and the connection to source control."""
    slot = get_slot(request.user, site_name, slot_name)
    facts = SlotFacts(request.user, slot)
    context: dict[str, object] = {
        "facts": facts,
        "source": facts.source,
        "form": PublishForm(),
        "max_upload": settings.MAX_UPLOAD,
        "page": Paginator(Deployment.objects.filter(workload=slot.workload), PAGE_SIZE).get_page(
            request.GET.get("page")
        ),
        "refreshed_at": timezone.now(),
    }
    return parts.show(
        request,
        slot,
        "deployments",
        context,
        commands=DEPLOYMENT_COMMANDS if facts.source is None else (*DEPLOYMENT_COMMANDS, SYNC),
    )


@require_safe
def log(request: PortalRequest, site_name: str, slot_name: str, public_id: uuid.UUID) -> HttpResponse:
    """The log of one deployment's build, which follows while it is built, and how its files differ from the present."""
    slot = get_slot(request.user, site_name, slot_name)
    deployment = Deployment.objects.filter(workload__site=slot.site, public_id=public_id).first()
    if deployment is None:
        raise NotFound
    is_shown = may_see_output(request.user, slot.site)
    back = Command("back", "History", "arrow-left", reverse("site-deployments", args=[site_name, slot_name]))
    return parts.show(
        request,
        slot,
        "deployments",
        {
            "deployment": deployment,
            "is_log_shown": is_shown,
            "log": end_of_log(deployment) if is_shown else "",
            "difference": _difference(deployment, slot),
        },
        commands=DEPLOYMENT_COMMANDS,
        extra_commands=[back],
        template="site/deployment.html",
        part="build-log",
        is_open=deployment.state in Deployment.OPEN,
    )


def _difference(deployment: Deployment, slot: Slot) -> Difference | None:
    """To what the slot serves; None for that itself, and where nothing is served."""
    active = slot.current_workload.active_deployment
    return difference(deployment, active) if active and active != deployment else None
