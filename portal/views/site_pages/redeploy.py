"""Deployments: publish a former one again, and choose which branch a push deploys."""

import uuid

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.answers import answer_operation
from portal.confirmation import confirm
from portal.http import PortalRequest
from sites.access import get_slot_for_change
from sites.errors import NotFound
from sites.models import Deployment
from sites.operations.kinds.publish import PUBLISH
from sites.services import requests
from sites.services.commits import change_deploy_branches
from sites.services.incremental import publish_again
from sites.services.publisher import Publisher
from sites.services.swaps import partner


@require_http_methods(["GET", "HEAD", "POST"])
def redeploy(request: PortalRequest, site_name: str, slot_name: str, public_id: uuid.UUID) -> HttpResponse:
    """Ask, offering staging first where production is meant; or publish it."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    deployment = Deployment.objects.filter(workload__site=slot.site, public_id=public_id).first()
    if deployment is None or not deployment.is_kept:
        raise NotFound
    if request.method != "POST":
        requests.ensure_free([slot], wanted=PUBLISH)
        staging = partner(slot) if slot.is_production else None
        return confirm(request, "site/redeploy_question.html", slot, {"deployment": deployment, "staging": staging})
    operation = publish_again(publisher=_publisher(request), slot=slot, deployment=deployment)
    return answer_operation(request, operation, reverse("site-deployments", args=[site_name, slot_name]))


@require_POST
def branches(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Save the branches whose push is deployed."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    operation = change_deploy_branches(publisher=_publisher(request), slot=slot, names=request.POST.get("branches", ""))
    return answer_operation(request, operation, reverse("site-deployments", args=[site_name, slot_name]))


def _publisher(request: PortalRequest) -> Publisher:
    return Publisher(request.user.get_username(), request.user)
