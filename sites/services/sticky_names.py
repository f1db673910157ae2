"""The names whose values stay with their slot, in every slot of a site or in none."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from sites import access
from sites.errors import SettingRefused
from sites.models import Category, Operation, Site, Slot, SlotSetting, StickyName
from sites.operations.kinds.change_settings import CHANGE_SETTINGS
from sites.services import requests
from sites.services.entry import Entry
from sites.services.setting_checks import faults_of, refuse

MAX_NAMES = 1000
"""Of one category."""


def of(site: Site) -> dict[Category, frozenset[str]]:
    """The names that stick in every slot of the site, by category; one query."""
    found: dict[Category, frozenset[str]] = {}
    for category, name in site.sticky_names.values_list("category", "name"):
        found[Category(category)] = found.get(Category(category), frozenset()) | {name}
    return found


def save(*, acting_user: User, site: Site, names: Mapping[Category, Iterable[str]]) -> Operation | None:
    """Have these names of each given category stick, and no others of it; also before a slot has such an entry.

    What is in force stays as it is, because an entry only gets another owner. None: they stick already. Raises
    SettingRefused, and SlotBusy while an operation prepares a slot that has such an entry.
    """
    site = access.site_for_change(acting_user, site)
    wanted = {Category(category): frozenset(given) for category, given in names.items()}
    for category, given in wanted.items():
        if len(given) > MAX_NAMES:
            raise SettingRefused(
                f"{len(given)} names are too many; nothing was saved. At most {MAX_NAMES} {category.label} of "
                f"'{site.name}' can stay with their slot."
            )
        refuse(list(faults_of(category, [Entry(name, "") for name in sorted(given)])))
    with transaction.atomic():
        Site.objects.select_for_update().get(pk=site.pk)
        present = of(site)
        changes = [
            (category, name, name in given)
            for category, given in wanted.items()
            for name in sorted(given ^ present.get(category, frozenset()))
        ]
        for category, name, is_sticky in changes:
            mark(site, category, name, is_sticky=is_sticky, slots=site.slots.all())
        if not changes:
            return None
        said = ", ".join(f"{name} {'stays with its slot' if stays else 'travels'}" for _, name, stays in changes)
        return CHANGE_SETTINGS.record(
            acting_user=acting_user,
            actor_name=access.name_of(acting_user),
            site=site,
            target=site.name,
            outcome=f"Saved for every slot of '{site.name}': {said}.",
        )


def mark(site: Site, category: Category, name: str, *, is_sticky: bool, slots: QuerySet[Slot]) -> None:
    """Have the name stick from now on, or not any more; entries in `slots` follow to their new owner.

    Belongs in a transaction. Raises SlotBusy.
    """
    if is_sticky:
        StickyName.objects.create(site=site, category=category, name=name)
    else:
        StickyName.objects.filter(site=site, category=category, name=name).delete()
    for slot in slots.select_related("workload"):
        old = {"workload": slot.workload} if is_sticky else {"slot": slot}
        new = {"slot": slot, "workload": None} if is_sticky else {"slot": None, "workload": slot.workload}
        moved = SlotSetting.objects.filter(category=category, name=name, **old)
        if moved.exists():
            requests.ensure_free([slot], wanted=CHANGE_SETTINGS)  # what it prepares holds the old mark
            moved.update(**new)
