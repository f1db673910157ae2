"""Who asks, subscriptions, and web sites."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ, token_of
from sites.api.shapes.common import Page, Pages, SiteName, answers, page_of
from sites.api.shapes.sites import (
    NameTyped,
    NewSite,
    NewSlot,
    SiteShown,
    SubscriptionShown,
    describe_site,
    with_slots,
)
from sites.errors import NotFound, SettingRefused
from sites.models import Scope, Subscription
from sites.services import sites, slots

router = Router(tags=["web sites"])


class TokenShown(Schema):
    """For whom the token acts, and how far."""

    person: str
    token: str
    scopes: list[Scope]
    site: str | None
    expires_at: datetime


@router.get("/me", response=answers(200, TokenShown), auth=READ)
def me(request: HttpRequest) -> TokenShown:
    """For whom the token acts, and how far."""
    token = token_of(user_of(request))
    return TokenShown(
        person=token.user.get_username(),
        token=token.name,
        scopes=token.scopes,
        site=token.site.name if token.site else None,
        expires_at=token.expires_at,
    )


@router.get("/subscriptions", response=answers(200, Page[SubscriptionShown]), auth=READ)
def list_subscriptions(request: HttpRequest, paging: Pages) -> Page[SubscriptionShown]:
    """The person's subscriptions, by name."""
    rows, figures = page_of(access.visible_subscriptions(user_of(request)), paging)
    items = [SubscriptionShown(id=one.public_id, name=one.name) for one in rows]
    return Page[SubscriptionShown](items=items, **figures)


@router.get("/sites", response=answers(200, Page[SiteShown]), auth=READ)
def list_sites(request: HttpRequest, paging: Pages) -> Page[SiteShown]:
    """The web sites that the person sees, by name."""
    rows, figures = page_of(with_slots(access.visible_sites(user_of(request))), paging)
    return Page[SiteShown](items=[describe_site(one) for one in rows], **figures)


@router.post("/sites", response=ASKED, auth=ADMINISTER)
def create_site(request: HttpRequest, body: NewSite) -> HttpResponse:
    """Create a web site whose production slot serves a placeholder page."""
    user = user_of(request)
    return asked(
        request,
        lambda: sites.create_site(
            acting_user=user, subscription=_subscription(request, body), name=body.name, mode=body.mode
        ),
    )


@router.get("/sites/{site_name}", response=answers(200, SiteShown), auth=READ)
def get_site(request: HttpRequest, site_name: SiteName) -> SiteShown:
    """One web site with its slots."""
    found = with_slots(access.visible_sites(user_of(request))).filter(name=site_name.lower()).first()
    if found is None:
        raise NotFound
    return describe_site(found)


@router.delete("/sites/{site_name}", response=ASKED, auth=ADMINISTER)
def delete_site(request: HttpRequest, site_name: SiteName, typed: Query[NameTyped]) -> HttpResponse:
    """Delete a web site with all its slots. `typed_name` is its name again, so that no slip does it."""
    user = user_of(request)
    return asked(
        request,
        lambda: sites.delete_site(acting_user=user, site=access.get_site(user, site_name), typed_name=typed.typed_name),
    )


@router.post("/sites/{site_name}/slots", response=ASKED, auth=ADMINISTER)
def enable_staged_publishing(request: HttpRequest, site_name: SiteName, body: NewSlot) -> HttpResponse:
    """Enable staged publishing: a staging slot."""
    user = user_of(request)
    site = access.get_site(user, site_name)
    return asked(request, lambda: slots.enable_staged_publishing(acting_user=user, site=site, is_cloned=body.is_cloned))


def _subscription(request: HttpRequest, body: NewSite) -> Subscription:
    """The one that is named, or the only one in which the person may create."""
    user = user_of(request)
    if body.subscription is not None:
        return access.get_subscription(user, body.subscription)
    found = list(access.writable_subscriptions(user)[:2])
    if len(found) != 1:
        raise SettingRefused(
            "It is not clear in which subscription the web site belongs, so nothing was created. "
            "Name one: GET /api/v1/subscriptions lists them."
        )
    return found[0]
