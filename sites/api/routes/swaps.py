"""Compare, swap, roll back, and say what production should serve."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from ninja import Router

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ, SWAP
from sites.api.shapes.common import ERRORS, Page, Pages, Problem, SiteName, SlotName, SlotQuery, answers, page_of
from sites.api.shapes.operations import RELATED, OperationShown, describe_operation
from sites.api.shapes.swaps import (
    ComparisonShown,
    CopyAsked,
    ProductionAsked,
    ProductionShown,
    RollBackAsked,
    RollBackShown,
    SwapAsked,
    Version,
    describe_comparison,
    describe_offer,
)
from sites.api.tags import etag, expected_tag
from sites.errors import NothingToRollBack, Refused, SameSlot
from sites.models import PRODUCTION, Operation, Scope, Slot
from sites.services import compared_values, conditions, rollback, swaps
from sites.services.compare import compare
from sites.services.entry import MASKED

router = Router(tags=["swaps"])


class _Already(Exception):
    """Production serves what it should serve, so there is no operation."""


@router.get("/sites/{site_name}/compare", response=answers(200, ComparisonShown), auth=READ)
def compare_slots(
    request: HttpRequest, response: HttpResponse, site_name: SiteName, slot: SlotQuery = "", reveal: bool = False
) -> ComparisonShown:
    """What a swap would change. With `reveal` also hidden values, which needs the scope administer and is recorded."""
    user = user_of(request)
    staging, production = _pair(user, site_name, slot)
    response["ETag"] = etag(conditions.pair_tag(staging, production))
    if not reveal:
        return describe_comparison(compare(staging, production))
    access.present(user).ensure(Scope.ADMINISTER)
    shown = compared_values.reveal_comparison(
        acting_user=user, source=staging, target=production, categories=sorted(MASKED)
    )
    return describe_comparison(shown)


@router.post("/sites/{site_name}/slots/{slot_name}/settings/copy", response=ASKED, auth=ADMINISTER)
def copy_setting(request: HttpRequest, site_name: SiteName, slot_name: SlotName, body: CopyAsked) -> HttpResponse:
    """Give this slot the value that another slot of the site has for one setting.

    If-Match takes the ETag of `compare`, and has it done only if both slots are as they were compared.
    """
    user = user_of(request)
    only_if = conditions.swap_only_if(tag=expected_tag(request))

    def begin() -> Operation:
        target = access.get_slot(user, site_name, slot_name)
        source = access.get_slot(user, site_name, body.from_slot)
        return compared_values.copy_setting(
            acting_user=user,
            source=source,
            target=target,
            category=body.category.value,
            name=body.name,
            only_if=only_if,
        )

    return asked(request, begin)


@router.post("/sites/{site_name}/swap", response=ASKED, auth=SWAP)
def swap(request: HttpRequest, site_name: SiteName, body: SwapAsked) -> HttpResponse:
    """Swap production with a staging slot. If-Match has it done only if both are as they were compared."""
    user = user_of(request)
    only_if = conditions.swap_only_if(tag=expected_tag(request), staging=body.if_staging)

    def begin() -> Operation:
        staging, production = _pair(user, site_name, body.slot or "")
        return swaps.request_swap(
            acting_user=user, source=staging, target=production, with_preview=body.preview, only_if=only_if
        )

    return asked(request, begin)


@router.put(
    "/sites/{site_name}/production",
    response={200: ProductionShown, 202: OperationShown, ERRORS: Problem},
    auth=SWAP,
)
def serve_in_production(
    request: HttpRequest, site_name: SiteName, body: ProductionAsked
) -> HttpResponse | ProductionShown:
    """Have production serve a deployment: swaps if a staging slot has it, and does nothing if production has it."""
    user = user_of(request)

    def begin() -> Operation:
        site = access.get_site(user, site_name)
        found = conditions.serve_in_production(acting_user=user, site=site, deployment=body.deployment)
        if found is None:
            raise _Already
        return found

    try:
        return asked(request, begin)
    except _Already:
        return ProductionShown(state="already", deployment=body.deployment.hex)


@router.get("/sites/{site_name}/swaps", response=answers(200, Page[OperationShown]), auth=READ)
def list_swaps(request: HttpRequest, site_name: SiteName, paging: Pages) -> Page[OperationShown]:
    """The swaps and roll-backs of a web site, newest first."""
    user = user_of(request)
    site = access.get_site(user, site_name)
    found = access.with_lines(Operation.objects.filter(site=site, swap__isnull=False), user)
    rows, figures = page_of(found.select_related(*RELATED).prefetch_related("steps"), paging)
    return Page[OperationShown](items=[describe_operation(request, one) for one in rows], **figures)


@router.get("/sites/{site_name}/rollback", response=answers(200, RollBackShown), auth=READ)
def get_roll_back(request: HttpRequest, site_name: SiteName) -> RollBackShown:
    """What rolling back the last swap means now."""
    site = access.get_site(user_of(request), site_name)
    offer, refusal = rollback.offer_roll_back(site), rollback.why_not_roll_back(site)
    if refusal is not None or offer is None:
        raise refusal or NothingToRollBack(name=site.name, reason="the last one has just been rolled back")
    return describe_offer(offer)


@router.post("/sites/{site_name}/rollback", response=ASKED, auth=SWAP)
def roll_back(request: HttpRequest, site_name: SiteName, body: RollBackAsked) -> HttpResponse:
    """Roll the last swap back. Where staging was altered since, `version` says what production gets."""
    user = user_of(request)

    def begin() -> Operation:
        site = access.get_site(user, site_name)
        offer = rollback.offer_roll_back(site)
        if offer is not None and offer.is_altered and body.version is None:
            raise Refused(
                f"Staging of '{site.name}' was altered since the last swap, so nothing was changed. Choose the version "
                "that production gets: 'present' is what staging has now, 'unaltered' what production served before."
            )
        return rollback.request_roll_back(
            acting_user=user, site=site, to_unaltered=body.version is Version.UNALTERED, of_swap=body.swap
        )

    return asked(request, begin)


def _pair(user: User, site_name: str, slot_name: str) -> tuple[Slot, Slot]:
    """The staging slot, by default the first that can be swapped now, and production."""
    production = access.get_slot(user, site_name, PRODUCTION)
    other = access.get_slot(user, site_name, slot_name) if slot_name else swaps.partner(production)
    if other is None:
        raise Refused(
            f"'{production.title}' has no staging site, so there is nothing to compare or to swap it with. "
            "Enable staged publishing first: POST /api/v1/sites/NAME/slots."
        )
    if other.is_production:
        raise SameSlot(name=production.title, other="itself")
    return other, production
