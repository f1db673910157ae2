"""Databases linked to the production slot of a web site."""

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Status

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.common import Page, Pages, SiteName, answers, page_of
from sites.api.shapes.linked_resources import NewResource, ResourceShown, describe_resource
from sites.services import linked_resources

router = Router(tags=["linked resources"])
ADDRESS = "/sites/{site_name}/linked-resources"
Number = Path(..., ge=1, le=2**63 - 1)


@router.get(ADDRESS, response=answers(200, Page[ResourceShown]), auth=READ)
def list_linked_resources(request: HttpRequest, site_name: SiteName, paging: Pages) -> Page[ResourceShown]:
    """What is linked, and whether it answers; by name."""
    site = access.get_site(user_of(request), site_name)
    rows, figures = page_of(site.linked_resources.all(), paging)
    return Page[ResourceShown](items=[describe_resource(one) for one in rows], **figures)


@router.post(ADDRESS, response=ASKED, auth=ADMINISTER)
def link_resource(request: HttpRequest, site_name: SiteName, body: NewResource) -> HttpResponse:
    """Link a PostgreSQL or Redis. A new connection string is saved for production as any other setting is."""
    user = user_of(request)
    site = access.get_site(user, site_name)
    return asked(
        request,
        lambda: linked_resources.link(
            acting_user=user, site=site, engine=body.engine, name=body.name, connection_string=body.connection_string
        ),
    )


@router.post(f"{ADDRESS}/{{number}}/check", response=answers(202, ResourceShown), auth=ADMINISTER)
def check_linked_resource(request: HttpRequest, site_name: SiteName, number: int = Number) -> Status[ResourceShown]:
    """Have it checked soon."""
    user = user_of(request)
    site = access.get_site(user, site_name)
    return Status(202, describe_resource(linked_resources.check_again(acting_user=user, site=site, number=number)))


@router.delete(f"{ADDRESS}/{{number}}", response=ASKED, auth=ADMINISTER)
def unlink_resource(
    request: HttpRequest, site_name: SiteName, number: int = Number, remove_connection_string: bool = False
) -> HttpResponse:
    """Check it no longer. Its connection string stays in production, unless it is to be removed too."""
    user = user_of(request)
    site = access.get_site(user, site_name)
    return asked(
        request,
        lambda: linked_resources.unlink(
            acting_user=user, site=site, number=number, removes_string=remove_connection_string
        ),
    )
