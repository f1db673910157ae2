"""The configuration of a slot."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from sites import access
from sites.api.asking import asked, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.common import ERRORS, Problem, SiteName, SlotName, answers
from sites.api.shapes.operations import OperationShown
from sites.api.shapes.settings import (
    CATEGORIES,
    SettingsAsked,
    SettingsShown,
    changed_entries,
    describe_settings,
    faults_of_absent,
)
from sites.api.tags import ensure_match, etag
from sites.errors import Fault, PreconditionFailed
from sites.models import Category, Operation, Scope, Slot
from sites.services import secrets, sticky_names
from sites.services import settings as services
from sites.services.entry import MASKED
from sites.services.slots import change_swap_settings

router = Router(tags=["settings"])
ADDRESS = "/sites/{site_name}/slots/{slot_name}/settings"
CHANGED = {200: SettingsShown, 202: OperationShown, ERRORS: Problem}


class _NothingDiffers(Exception):
    """All is as it should be, so there is no operation."""


@router.get(ADDRESS, response=answers(200, SettingsShown), auth=READ)
def get_settings(
    request: HttpRequest, response: HttpResponse, site_name: SiteName, slot_name: SlotName, reveal: bool = False
) -> SettingsShown:
    """The configuration. With `reveal` also the hidden values, which needs the scope administer and is recorded."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    response["ETag"] = etag(services.state_of(slot, CATEGORIES))
    found = services.read_categories(slot, CATEGORIES)
    revealed: dict[Category, dict[str, str]] = {}
    if reveal:
        access.present(user).ensure(Scope.ADMINISTER)
        access.slot_for_change(user, slot)
        for category in sorted(MASKED):
            if found[category]:
                revealed[category] = secrets.reveal_settings(acting_user=user, slot=slot, category=category)
    return describe_settings(slot, found, is_in_force=services.are_in_force(slot), revealed=revealed)


@router.patch(ADDRESS, response=CHANGED, auth=ADMINISTER)
def change_settings(
    request: HttpRequest, response: HttpResponse, site_name: SiteName, slot_name: SlotName, body: SettingsAsked
) -> SettingsShown | HttpResponse:
    """Change entries. If-Match has it done only if nobody changed the configuration since. 200: nothing differs."""
    user = user_of(request)

    def begin() -> Operation:
        slot = access.slot_for_change(user, access.get_slot(user, site_name, slot_name))
        tag = services.state_of(slot, CATEGORIES)
        changed_since = "its configuration was changed since you read it"
        ensure_match(request, tag, PreconditionFailed(name=slot.title, reason=changed_since))
        found = services.read_categories(slot, CATEGORIES)
        changed = changed_entries(body, found, sticky_names.of(slot.site))
        swaps = {name: value for name, value in body.swaps if value is not None and value != getattr(slot, name)}
        absent = faults_of_absent(body, found)
        if not changed and not swaps and not absent:
            raise _NothingDiffers
        whole = found | changed if changed or absent else {}
        return _save(request, slot, whole, tag, swaps, absent)

    try:
        return asked(request, begin)
    except _NothingDiffers:
        slot = access.get_slot(user, site_name, slot_name)
        found = services.read_categories(slot, CATEGORIES)
        response["ETag"] = etag(services.state_of(slot, CATEGORIES))
        return describe_settings(slot, found, is_in_force=services.are_in_force(slot), revealed={})


def _save(
    request: HttpRequest,
    slot: Slot,
    categories: dict[Category, list],
    expected: str,
    swaps: dict[str, int],
    absent: list[Fault],
) -> Operation:
    """What only concerns swaps needs no new instances, so that it is saved at once."""
    user = user_of(request)
    if not categories:
        return change_swap_settings(acting_user=user, slot=slot, **swaps)  # type: ignore[arg-type]
    return services.save_categories(
        acting_user=user,
        slot=slot,
        categories=categories,
        expected=expected,
        swap_settings=swaps,
        faults=absent,
    )
