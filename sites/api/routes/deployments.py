"""What was published, and what each build wrote."""

from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router

from sites import access
from sites.api.asking import user_of
from sites.api.authentication import PUBLISH, READ
from sites.api.shapes.common import Page, Pages, SiteName, SlotName, answers, page_of
from sites.api.shapes.sites import DeploymentShown, describe_deployment
from sites.errors import NotFound
from sites.models import Deployment, Site
from sites.plain_text import visible
from sites.services import deployments

router = Router(tags=["deployments"])
OF_SITE = "/sites/{site_name}/deployments/{deployment_id}"
PLAIN = {"responses": {200: {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}}}


@router.get("/sites/{site_name}/slots/{slot_name}/deployments", response=answers(200, Page[DeploymentShown]), auth=READ)
def list_deployments(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, paging: Pages
) -> Page[DeploymentShown]:
    """The history of what the slot serves, newest first; it goes along with a swap."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    shows_lines = access.may_see_output(user, slot.site)
    rows, figures = page_of(Deployment.objects.filter(workload=slot.workload).select_related("workload"), paging)
    return Page[DeploymentShown](items=[describe_deployment(one, shows_lines=shows_lines) for one in rows], **figures)


@router.get(OF_SITE, response=answers(200, DeploymentShown), auth=READ)
def get_deployment(request: HttpRequest, site_name: SiteName, deployment_id: UUID) -> DeploymentShown:
    """One deployment, wherever a swap has taken it."""
    user = user_of(request)
    site = access.get_site(user, site_name)
    return describe_deployment(_find(site, deployment_id), shows_lines=access.may_see_output(user, site))


@router.get(f"{OF_SITE}/log", response=answers(200, None), auth=PUBLISH, openapi_extra=PLAIN)
def get_deployment_log(request: HttpRequest, site_name: SiteName, deployment_id: UUID) -> StreamingHttpResponse:
    """What its build and release command wrote, as text.

    Needs the scope publish, and is not for readers, because a release command may write secrets into it.
    """
    user = user_of(request)
    site = access.get_site(user, site_name)
    deployment = _find(site, deployment_id)
    access.ensure_may_see_log(user, site, visible(deployment.message))
    log = deployments.whole_log(deployment)
    return StreamingHttpResponse(log, content_type="text/plain; charset=utf-8")


def _find(site: Site, deployment_id: UUID) -> Deployment:
    found = Deployment.objects.select_related("workload").filter(workload__site=site, public_id=deployment_id).first()
    if found is None:
        raise NotFound
    return found
