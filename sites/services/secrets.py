"""Show a secret to somebody who may change the slot, and record that it was shown."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import NotFound
from sites.models import Category, Slot
from sites.operations.kinds.recorded import REVEAL
from sites.services import operations
from sites.services.settings import read_settings


def reveal_publishing_password(*, acting_user: User, slot: Slot) -> str:
    """The slot's publishing password. Raises NotAllowed for a reader."""
    slot = access.slot_for_change(acting_user, slot)
    _record(acting_user, slot, f"The publishing password of '{slot.title}' was shown.")
    return slot.publishing_password


def reveal_for_profile(*, acting_user: User, slot: Slot) -> str:
    """The same, for a publish profile. Raises NotAllowed for a reader."""
    slot = access.slot_for_change(acting_user, slot)
    _record(acting_user, slot, f"The publish profile of '{slot.title}' was downloaded. It holds the password.")
    return slot.publishing_password


def reveal_settings(
    *, acting_user: User, slot: Slot, category: Category, names: Iterable[str] | None = None
) -> dict[str, str]:
    """The values of app settings or connection strings of the slot, all or those of `names`, by name.

    Raises NotAllowed for a reader, NotFound when there is none, or not one of that name.
    """
    slot = access.slot_for_change(acting_user, slot)
    found = {entry.name: entry.value for entry in read_settings(slot, category)}
    if names is not None:
        found = {name: found[name] for name in names if name in found}
    if not found:
        raise NotFound
    which = "All" if names is None else "Values of the"
    _record(acting_user, slot, f"{which} {category.label} of '{slot.title}' were shown: {', '.join(found)}.")
    return found


@transaction.atomic
def _record(acting_user: User, slot: Slot, outcome: str) -> None:
    record = REVEAL.record(
        acting_user=acting_user,
        actor_name=access.name_of(acting_user),
        site=slot.site,
        target=slot.title,
        outcome=outcome,
    )
    operations.dismiss(acting_user=acting_user, operation=record)  # whoever asked has it before their eyes
