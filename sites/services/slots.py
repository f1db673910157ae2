"""Enable and delete staging; scale, start, stop and restart a slot; its publishing credentials."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from sites import access
from sites.counted import counted
from sites.errors import Fault, NotStandard, Refused, SettingRefused, SlotLimit
from sites.models import STAGING, HostName, Mode, Operation, Site, Slot, SlotSetting, Workload
from sites.operations.kinds import OperationKind
from sites.operations.kinds.change_settings import CHANGE_SETTINGS
from sites.operations.kinds.delete_staging import DELETE_STAGING
from sites.operations.kinds.enable_staging import ENABLE_STAGING
from sites.operations.kinds.recorded import RESET_CREDENTIALS
from sites.operations.kinds.restart import RESTART
from sites.operations.kinds.scale import SCALE
from sites.operations.kinds.start import START
from sites.operations.kinds.stop import STOP
from sites.services import names, requests
from sites.services.counts import check_count

SWAP_SETTINGS = {
    "drain_limit_seconds": "Drain limit",
    "rollback_window_seconds": "Roll-back window",
    "is_auto_swapped": "Auto swap",
}
"""What a slot keeps for its swaps, and the words beside each."""
SECONDS = {"drain_limit_seconds": 3600, "rollback_window_seconds": 86_400}
"""Those that are spans, and the longest."""


def why_not_enable(site: Site) -> Refused | None:
    """seed: Enable, note, and Overview, last sentence: what keeps the site from getting a staging slot."""
    if not site.is_standard:
        return NotStandard(name=site.name, mode=site.get_mode_display())
    existing = list(site.slots.filter(is_production=False).values_list("name", flat=True))
    limit = settings.STAGING_SLOTS_PER_SITE
    if len(existing) >= limit:
        return SlotLimit(
            name=site.name,
            existing="its staging slot" if limit == 1 else f"its {limit} staging slots",
            limit="One slot" if limit == 1 else counted(limit, "slot"),
            is_are="is" if limit == 1 else "are",
            slot=existing[0],
        )
    name = _free_slot_name(existing)
    addresses = [names.default_host(site.name, name), names.publishing_host(site.name, name)]
    return _address_taken(site, name) if HostName.objects.filter(name__in=addresses).exists() else None


def _free_slot_name(existing: list[str]) -> str:
    choices = (STAGING, *(f"{STAGING}{number}" for number in range(2, len(existing) + 3)))
    return next(name for name in choices if name not in existing)


def _address_taken(site: Site, name: str) -> SettingRefused:
    return SettingRefused(
        f"A slot '{name}' of '{site.name}' would have the address {names.default_host(site.name, name)}, which belongs "
        f"to another web site. Nothing was created. Delete the web site '{site.name}-{name}' first, or go on with the "
        f"slots that '{site.name}' has."
    )


def enable_staged_publishing(
    *, acting_user: User, site: Site, is_cloned: bool = True, name: str | None = None
) -> Operation:
    """seed: Enable, steps 1–3: the staging slot, its configuration cloned from production, without content.

    With room for more than one (STAGING_SLOTS_PER_SITE) they are called staging, staging2 … `name` is what the caller
    takes it to be called. Raises NotStandard, SlotLimit, SlotBusy, and SettingRefused when it is called otherwise or
    when the address that it would have belongs to another web site.
    """
    site = access.site_for_change(acting_user, site)
    expected, name = name, STAGING
    try:
        with transaction.atomic():
            Site.objects.select_for_update().get(pk=site.pk)
            refusal = why_not_enable(site)
            if refusal is not None:
                raise refusal
            production = site.slots.select_related("workload").get(is_production=True)
            requests.ensure_free([production], wanted=ENABLE_STAGING)
            name = _free_slot_name(list(site.slots.values_list("name", flat=True)))
            if expected not in (None, name):
                raise SettingRefused(
                    f"A slot '{expected}' of '{site.name}' cannot be created, because the next one is called "
                    f"'{name}'. Nothing was created; use that name."
                )
            slot = create_slot(site, name)
            if is_cloned:
                _clone_settings(production, slot)
            return requests.begin(ENABLE_STAGING, acting_user=acting_user, site=site, slots=[slot], target=slot.title)
    except IntegrityError:  # the web site of that name was created just now
        raise _address_taken(site, name) from None


def create_slot(site: Site, name: str, *, is_production: bool = False, instance_count: int = 1) -> Slot:
    """A slot with an empty workload, its host names and credentials; belongs in a transaction."""
    beside = None if is_production else name
    slot = Slot.objects.create(
        site=site,
        name=name,
        is_production=is_production,
        instance_count=instance_count,
        workload=Workload.objects.create(site=site),
        **names.new_credentials(site.name, beside),
    )
    names.give_host_names(slot)
    return slot


def _clone_settings(source: Slot, target: Slot) -> None:
    """seed: About Configuration: cloned from production by default; sticky entries as values of the new slot."""
    for setting in [*source.settings.all(), *source.current_workload.settings.all()]:
        owner = {"slot": target} if setting.is_sticky else {"workload": target.workload}
        SlotSetting.objects.create(
            site=target.site, category=setting.category, name=setting.name, value=setting.value, **owner
        )


def scale(*, acting_user: User, slot: Slot, count: int) -> Operation:
    """Set the slot's instance count; new instances are warm before visitors reach them."""
    slot = access.slot_for_change(acting_user, slot)
    check_count(slot, count, Mode(slot.site.mode))
    with transaction.atomic():
        return requests.begin(
            SCALE, acting_user=acting_user, site=slot.site, slots=[slot], target=slot.title, count=count
        )


def start(*, acting_user: User, slot: Slot) -> Operation:
    """Start a stopped slot."""
    return _run_or_not(START, acting_user, slot, is_running=True)


def stop(*, acting_user: User, slot: Slot) -> Operation:
    """Stop a slot: visitors get a page that says so, open requests end first."""
    return _run_or_not(STOP, acting_user, slot, is_running=False)


def _run_or_not(kind: OperationKind, acting_user: User, slot: Slot, *, is_running: bool) -> Operation:
    slot = access.slot_for_change(acting_user, slot)
    if slot.is_running == is_running:
        raise Refused(
            f"'{slot.title}' is already {'running' if is_running else 'stopped'}; nothing was changed. "
            "Reload the page to see it as it is."
        )
    with transaction.atomic():
        return requests.begin(kind, acting_user=acting_user, site=slot.site, slots=[slot], target=slot.title)


def restart(*, acting_user: User, slot: Slot) -> Operation:
    """Replace the slot's instances by new ones, warm before the old ones end; no request is lost."""
    slot = access.slot_for_change(acting_user, slot)
    if not slot.is_running:
        raise Refused(f"'{slot.title}' is stopped, so there is nothing to restart. Start it instead.")
    with transaction.atomic():
        return requests.begin(RESTART, acting_user=acting_user, site=slot.site, slots=[slot], target=slot.title)


def change_swap_settings(
    *,
    acting_user: User,
    slot: Slot,
    drain_limit_seconds: int | None = None,
    rollback_window_seconds: int | None = None,
    is_auto_swapped: bool | None = None,
) -> Operation:
    """What a slot keeps for its swaps: drain limit, roll-back window, auto swap. None leaves it as it is."""
    slot = access.slot_for_change(acting_user, slot)
    wanted = {
        "drain_limit_seconds": drain_limit_seconds,
        "rollback_window_seconds": rollback_window_seconds,
        "is_auto_swapped": is_auto_swapped,
    }
    changed = changed_swap_settings(slot, wanted)
    with transaction.atomic():
        Slot.objects.filter(pk=slot.pk).update(**changed)
        return CHANGE_SETTINGS.record(
            acting_user=acting_user,
            actor_name=access.name_of(acting_user),
            site=slot.site,
            target=slot.title,
            outcome=f"Saved for '{slot.title}': {_in_words(changed)}.",
        )


def changed_swap_settings(slot: Slot, wanted: Mapping[str, int | None]) -> dict[str, int]:
    """What of `wanted` the slot does not have yet. Raises SettingRefused for what cannot be taken."""
    if faults := faults_of_swap_settings(slot, wanted):
        raise SettingRefused.of(faults)
    return {name: value for name, value in wanted.items() if value is not None and value != getattr(slot, name)}


def faults_of_swap_settings(slot: Slot, wanted: Mapping[str, int | None]) -> list[Fault]:
    """What of `wanted` cannot be taken."""
    found = []
    for name, most in SECONDS.items():
        if not 0 <= (wanted.get(name) or 0) <= most:
            found.append(fault_of_swap_setting(name, f"{wanted[name]} s is not possible; choose 0 to {most} s"))
    if slot.is_production and wanted.get("is_auto_swapped"):
        reason = "a publication reaches production directly; switch auto swap on for the staging slot"
        found.append(fault_of_swap_setting("is_auto_swapped", reason))
    return found


def fault_of_swap_setting(name: str, reason: str) -> Fault:
    """A fault of one of SWAP_SETTINGS."""
    return Fault(("swaps", name), SWAP_SETTINGS[name], reason)


def _in_words(changed: Mapping[str, object]) -> str:
    words = {
        "drain_limit_seconds": "drain limit {} s",
        "rollback_window_seconds": "roll-back window {} s",
        "is_auto_swapped": "auto swap {}",
    }
    shown = {name: ("on" if value else "off") if isinstance(value, bool) else value for name, value in changed.items()}
    return ", ".join(words[name].format(value) for name, value in shown.items()) or "nothing had changed"


def delete_staging(*, acting_user: User, slot: Slot) -> Operation:
    """seed: Delete: the staging site only. Production is not touched."""
    slot = access.slot_for_change(acting_user, slot)
    if slot.is_production:
        raise Refused(f"'{slot.title}' is the production site; nothing was deleted. Delete the web site instead.")
    with transaction.atomic():
        return requests.begin(DELETE_STAGING, acting_user=acting_user, site=slot.site, slots=[slot], target=slot.title)


def reset_credentials(*, acting_user: User, slot: Slot) -> Operation:
    """A new publishing password; the old one stops working at once."""
    slot = access.slot_for_change(acting_user, slot)
    fresh = names.new_credentials(slot.site.name, None if slot.is_production else slot.name)
    with transaction.atomic():
        slot.publishing_password = fresh["publishing_password"]
        slot.save(update_fields=["publishing_password"])
        return RESET_CREDENTIALS.record(
            acting_user=acting_user,
            actor_name=access.name_of(acting_user),
            site=slot.site,
            target=slot.title,
            outcome=f"The publishing password of '{slot.title}' was replaced; the old one no longer works.",
        )
