"""The people of one web site. Those of a subscription are decided by people who have signed in."""

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Schema
from pydantic import Field

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.common import Asked, Page, Pages, SiteName, answers, page_of
from sites.models import Role
from sites.services import site_people

router = Router(tags=["people"])
ADDRESS = "/sites/{site_name}/people"
LARGEST = 2**63 - 1


class PersonShown(Schema):
    """Somebody who belongs to the web site alone."""

    number: int
    name: str
    role: Role


class NewPerson(Asked):
    """Somebody who has an account."""

    name: str = Field(min_length=1, max_length=150)
    role: Role = Field(description="contributor or reader")


class NewRole(Asked):
    """Another role."""

    role: Role = Field(description="contributor or reader")


Number = Path(..., ge=1, le=LARGEST)


@router.get(ADDRESS, response=answers(200, Page[PersonShown]), auth=READ)
def list_people(request: HttpRequest, site_name: SiteName, paging: Pages) -> Page[PersonShown]:
    """Who has a role in this web site alone, by name."""
    site = access.get_site(user_of(request), site_name)
    rows, figures = page_of(site.members.select_related("user").order_by("user__username"), paging)
    items = [PersonShown(number=one.pk, name=one.user.get_username(), role=Role(one.role)) for one in rows]
    return Page[PersonShown](items=items, **figures)


@router.post(ADDRESS, response=ASKED, auth=ADMINISTER)
def add_person(request: HttpRequest, site_name: SiteName, body: NewPerson) -> HttpResponse:
    """Give somebody who has an account a role in this web site alone. For the owners of its subscription."""
    user = user_of(request)
    site = access.get_site(user, site_name)
    return asked(request, lambda: site_people.add_member(acting_user=user, site=site, name=body.name, role=body.role))


@router.patch(f"{ADDRESS}/{{number}}", response=ASKED, auth=ADMINISTER)
def change_person(request: HttpRequest, site_name: SiteName, body: NewRole, number: int = Number) -> HttpResponse:
    """Another role, from the next request on."""
    user = user_of(request)
    site = access.get_site(user, site_name)
    return asked(request, lambda: site_people.change_member(acting_user=user, site=site, number=number, role=body.role))


@router.delete(f"{ADDRESS}/{{number}}", response=ASKED, auth=ADMINISTER)
def remove_person(request: HttpRequest, site_name: SiteName, number: int = Number) -> HttpResponse:
    """End somebody's role, and with it what the person's tokens may do here, at once."""
    user = user_of(request)
    site = access.get_site(user, site_name)
    return asked(request, lambda: site_people.remove_member(acting_user=user, site=site, number=number))
