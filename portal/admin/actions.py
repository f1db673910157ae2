"""Actions of the admin lists: each record goes through its service, refusals become messages."""

from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from sites.errors import NotFound, Refused
from sites.models import Operation, Site, Slot
from sites.operations.kinds import kind_of
from sites.services import slots, swaps

Record = TypeVar("Record", bound=Model)


def _ask_for_each(
    modeladmin: admin.ModelAdmin,
    request: HttpRequest,
    records: Iterable[Record],
    ask: Callable[[User, Record], Operation],
) -> None:
    """Ask the service for every record and say how each was taken."""
    for record in records:
        try:
            operation = ask(cast(User, request.user), record)
        except NotFound:
            sentence = f"'{record}' was not changed: you are no member of its subscription. An owner can add you."
            modeladmin.message_user(request, sentence, messages.ERROR)
        except Refused as refusal:
            modeladmin.message_user(request, str(refusal), messages.ERROR)
        else:
            kind = kind_of(operation).noun
            sentence = f"The {kind} of '{operation.target}' has begun; its progress stands under Operations."
            modeladmin.message_user(request, sentence)


@admin.action(description="Enable staged publishing")
def enable_staged_publishing(modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[Site]) -> None:
    """seed: Enable, for each chosen site."""
    _ask_for_each(
        modeladmin,
        request,
        queryset,
        lambda user, site: slots.enable_staged_publishing(acting_user=user, site=site),
    )


@admin.action(description="Swap")
def swap_sites(modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[Site]) -> None:
    """seed: Swap, production and staging of each chosen site."""
    production = Slot.objects.filter(site__in=queryset, is_production=True)
    swap_slots(modeladmin, request, production)


@admin.action(description="Swap")
def swap_slots(modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[Slot]) -> None:
    """seed: Swap, each chosen slot with its other side; both sides chosen are one swap."""
    chosen = {(slot.site_id if slot.is_production else slot.pk): slot for slot in queryset.select_related("site")}
    sites = [slot.site_id for slot in chosen.values() if not slot.is_production]
    once = [slot for slot in chosen.values() if not (slot.is_production and slot.site_id in sites)]
    _ask_for_each(modeladmin, request, once, _swap)


def _swap(user: User, slot: Slot) -> Operation:
    other = swaps.partner(slot)
    if other is None:
        raise Refused(
            f"'{slot.title}' has no staging site to swap with; nothing was changed. Enable staged publishing first."
        )
    return swaps.request_swap(acting_user=user, source=slot, target=other)
