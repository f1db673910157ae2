"""What clients of Kudu ask before they publish: which program answers, and on which system."""

import os
import platform

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from sites.models import Slot
from sites.publishing.authentication import with_slot

VERSION = "Greenroom"


@require_GET
@with_slot
def environment(request: HttpRequest, slot: Slot) -> HttpResponse:
    """The program, and when the content that the slot serves was received; null before there is one."""
    deployment = slot.current_workload.active_deployment
    modified = deployment.received_at.isoformat() if deployment else None
    return JsonResponse({"version": VERSION, "siteLastModified": modified})


@require_GET
@with_slot
def runtime(request: HttpRequest, slot: Slot) -> HttpResponse:
    """The name of the system, by which clients choose how they publish; and its processor cores."""
    return JsonResponse({"system": {"os_name": platform.system(), "cores": os.cpu_count()}})
