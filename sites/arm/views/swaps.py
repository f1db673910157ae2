"""Swaps: asked for, prepared, cancelled, compared."""

from django.http import HttpResponse

from sites import access
from sites.arm.asked import Asked
from sites.arm.bodies import refuse_others, text
from sites.arm.views.subscriptions import listed
from sites.arm.waiting import WELL, accepted, once_ended
from sites.errors import RequestRefused, SameSlot
from sites.models import Operation, OperationState, Slot
from sites.services import operations, swaps
from sites.services.compare import ComparedSetting, Relation, compare

TARGET, NETWORK = "targetSlot", "preserveVnet"
"""The other slot; and whether it keeps a virtual network, of which there is none: both ways are the same."""


def swap(asked: Asked) -> HttpResponse:
    """Swap with the other slot, or complete the swap of the two that is prepared."""
    slot, other = _pair(asked)
    prepared = _prepared(slot, other)
    if prepared is not None:
        return accepted(asked, swaps.complete_swap(acting_user=asked.user, operation=prepared))
    return accepted(asked, swaps.request_swap(acting_user=asked.user, source=slot, target=other))


def prepare(asked: Asked) -> HttpResponse:
    """Prepare a swap: the slot shows what the other one will serve, until the swap is completed or cancelled."""
    slot, other = _pair(asked)
    if _prepared(slot, other) is not None:
        return HttpResponse(status=200)
    source, target = (other, slot) if slot.is_production else (slot, other)
    operation = swaps.request_swap(acting_user=asked.user, source=source, target=target, with_preview=True)
    return once_ended(asked, operation, lambda _: HttpResponse(status=200))


def reset(asked: Asked) -> HttpResponse:
    """Cancel the swap that is prepared with the slot; nothing is done where there is none."""
    refuse_others(asked.body, taken=(), shown={})
    slot = access.slot_for_change(asked.user, asked.slot)
    prepared = swaps.pending_swap(slot)
    if prepared is None:
        return HttpResponse(status=200)
    operation = operations.cancel(acting_user=asked.user, operation=prepared)
    return once_ended(asked, operation, lambda _: HttpResponse(status=200), good=WELL | {OperationState.CANCELLED})


def differences(asked: Asked) -> HttpResponse:
    """What a swap would change of the settings. Values that are hidden elsewhere are hidden here."""
    slot, other = _pair(asked)
    found = compare(slot, other)
    is_turned = found.source.pk != slot.pk
    return listed(
        [
            _described(number, one, is_turned=is_turned)
            for number, one in enumerate(found.settings, start=1)
            if one.relation != Relation.SAME
        ]
    )


def _pair(asked: Asked) -> tuple[Slot, Slot]:
    """The slot that the address names, and the one that the body names."""
    refuse_others(asked.body, taken={TARGET, NETWORK}, shown={})
    name = text(asked.body, TARGET)
    if not name:
        raise RequestRefused(
            f"The request cannot be read: '{TARGET}' is missing. Nothing was changed. Name the other slot."
        )
    other = access.get_slot(asked.user, asked.names["site"], name)
    if other.pk == asked.slot.pk:
        raise SameSlot(name=other.title, other="itself")
    return asked.slot, other


def _prepared(slot: Slot, other: Slot) -> Operation | None:
    """The swap of exactly these two that waits for a person."""
    found = swaps.pending_swap(slot)
    theirs = swaps.pending_swap(other)
    return found if found is not None and theirs is not None and found.pk == theirs.pk else None


def _described(number: int, one: ComparedSetting, *, is_turned: bool) -> dict[str, object]:
    here, there = one.source_value, one.target_value
    stays = "stays with its slot" if not one.travels else "goes along with a swap"
    return {
        "id": str(number),
        "name": str(number),
        "type": "Microsoft.Web/sites/slotDifferences",
        "properties": {
            "level": "Information" if one.travels else "Warning",
            "settingType": one.category.label,
            "diffRule": "SettingsWillBeSwapped" if one.travels else "SettingsWillNotBeSwapped",
            "settingName": one.title,
            "valueInCurrentSlot": there if is_turned else here,
            "valueInTargetSlot": here if is_turned else there,
            "description": f"{one.title} {stays}.",
        },
    }
