"""Databases linked to a web site: linked by a connection string of production, checked when somebody asks, unlinked."""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import NotFound, ResourceRefused
from sites.models import Category, Engine, LinkedResource, Operation, Site, Slot
from sites.models.clock import now
from sites.operations.kinds.recorded import LINKED_RESOURCES
from sites.resources.address import parse
from sites.services import settings
from sites.services.entry import Entry
from sites.services.gathered import Gathered
from sites.services.plain_line import plain_line
from sites.services.setting_faults import fault_of

STRINGS = Category.CONNECTION_STRINGS
TYPES = {Engine.POSTGRESQL: "PostgreSQL", Engine.REDIS: "Custom"}
"""The type of the connection string that each becomes."""
AGAIN_SECONDS = 10
"""Nobody has a resource checked more often, however often they ask."""


def of(site: Site) -> list[LinkedResource]:
    """By name."""
    return list(site.linked_resources.all())


def link(*, acting_user: User, site: Site, engine: str, name: str, connection_string: str = "") -> Operation:
    """Link a database by a connection string of production: a new one, or without a text the one of that name.

    The new one is saved as any other, which brings production's instances to run with it. The first check follows.
    Raises ResourceRefused, SettingRefused, NotAllowed, SlotBusy.
    """
    site = access.site_for_change(acting_user, site)
    text = connection_string.strip()
    with transaction.atomic():
        Site.objects.select_for_update().get(pk=site.pk)
        production = production_of(site)
        present = {entry.name: entry for entry in settings.read_settings(production, STRINGS)}
        checks = Gathered()
        with checks.at("name", "Name"):
            name = plain_line(name, "The name of the resource")
            _ensure_room(site, name)
            _check_name(name, text, present)
        with checks.at("connection_string", "Connection string"):
            if text or name in present:
                parse(engine, text or present[name].value)
        checks.refuse()
        saved = None
        if text:
            new = Entry(name, text, TYPES[Engine(engine)])
            saved = _save(acting_user, production, [*present.values(), new])
        resource = LinkedResource.objects.create(site=site, engine=engine, name=name, due_at=now())
        title = f"{resource.get_engine_display()} '{name}'"
        recorded = _record(acting_user, site, f"{title} is linked to '{site.name}' now. It is checked at once.")
        return saved or recorded


def _check_name(name: str, text: str, present: Mapping[str, Entry]) -> None:
    """A new connection string has a new name, which can be a variable; without a text it is one that is there."""
    if text and name in present:
        raise ResourceRefused(
            reason=f"production has a connection string '{name}' already. Leave the text empty to link it, or "
            "take another name"
        )
    if not text and name not in present:
        raise ResourceRefused(
            reason="production has no connection string of this name. Type the text too, or the name of one that "
            "stands under Configure"
        )
    if text and (fault := fault_of(STRINGS, name, "", "Custom")) is not None:
        raise ResourceRefused(reason=fault)


def check_again(*, acting_user: User, site: Site, number: int) -> LinkedResource:
    """Have a resource checked soon. Raises NotFound, NotAllowed."""
    resource = _resource(access.site_for_change(acting_user, site), number)
    soonest = now()
    if resource.checked_at is not None:
        soonest = max(soonest, resource.checked_at + timedelta(seconds=AGAIN_SECONDS))
    resource.is_awaited, resource.due_at = True, soonest
    resource.save(update_fields=["is_awaited", "due_at"])
    return resource


def unlink(*, acting_user: User, site: Site, number: int, removes_string: bool = False) -> Operation:
    """Check it no longer; `removes_string` takes its connection string from production too.

    Raises NotFound, NotAllowed, SlotBusy.
    """
    site = access.site_for_change(acting_user, site)
    with transaction.atomic():
        Site.objects.select_for_update().get(pk=site.pk)
        resource = _resource(site, number)
        production = production_of(site)
        present = settings.read_settings(production, STRINGS)
        rest = [entry for entry in present if entry.name != resource.name]
        saved = _save(acting_user, production, rest) if removes_string and len(rest) < len(present) else None
        resource.delete()
        fate = "was removed from production" if saved else "stays"
        recorded = _record(
            acting_user,
            site,
            f"'{resource.name}' is not linked to '{site.name}' any more. Its connection string {fate}.",
        )
        return saved or recorded


def production_of(site: Site) -> Slot:
    """The slot to which resources are linked."""
    return site.slots.select_related("workload", "site").get(is_production=True)


def _save(acting_user: User, production: Slot, entries: list[Entry]) -> Operation:
    """Raises Outdated when somebody saved since the entries were read."""
    state = settings.state_of(production, [STRINGS])
    return settings.save_categories(
        acting_user=acting_user, slot=production, categories={STRINGS: entries}, expected=state
    )


def _ensure_room(site: Site, name: str) -> None:
    linked = set(site.linked_resources.values_list("name", flat=True))
    if name in linked:
        raise ResourceRefused(reason=f"'{site.name}' has a linked resource '{name}' already. Take another name")
    if len(linked) >= LinkedResource.MOST:
        raise ResourceRefused(
            reason=f"'{site.name}' has {LinkedResource.MOST} linked resources and may have no more. Unlink one first"
        )


def _resource(site: Site, number: int) -> LinkedResource:
    found = site.linked_resources.filter(pk=number).first()
    if found is None:
        raise NotFound
    return found


def _record(acting_user: User, site: Site, outcome: str) -> Operation:
    return LINKED_RESOURCES.record(
        acting_user=acting_user,
        actor_name=access.name_of(acting_user),
        subscription=site.subscription,
        site=site,
        target=site.name,
        outcome=outcome,
    )
