"""The sentences with which operations end."""

import json
from collections.abc import Iterable

from django.db.models import Q

from sites.errors import Failed
from sites.models import (
    Category,
    Deployment,
    Kind,
    Operation,
    OperationState,
    Slot,
    SlotChange,
    SlotSetting,
    Workload,
)
from sites.models.clock import seconds_since


def what(operation: Operation) -> str:
    """The operation as the beginning of a sentence."""
    return f"The {operation.get_kind_display()}"


def holds(operation: Operation) -> str:
    """What is so after a failure before the switch."""
    if operation.kind in (Kind.SWAP, Kind.ROLL_BACK):
        return "Production was not touched."
    changes = operation.changes.select_related("slot__site", "workload_before__active_deployment")
    serving = " ".join(_serving(change) for change in changes) or "Nothing was changed."
    if operation.kind == Kind.CHANGE_SETTINGS:
        return f"{serving} The settings are saved but not in force; a restart, publication or swap tries them again."
    return serving


def _serving(change: SlotChange) -> str:
    if change.slot is None:
        return ""
    if not change.was_running:
        return f"'{change.slot.title}' stays stopped."
    if change.revision_before_id is None:
        return f"'{change.slot.title}' serves no instance yet."
    # Not the revision's own: one that is published again unchanged goes on in the revision of the first time
    deployment = in_force_before(change.workload_before) if change.workload_before else None
    return f"'{change.slot.title}' goes on serving {quoted(deployment.message) if deployment else 'as before'}."


def in_force_before(workload: Workload) -> Deployment | None:
    """The deployment that the last operation to succeed left in force, whatever an open one has set since."""
    done = SlotChange.objects.filter(workload_after=workload, operation__state=OperationState.SUCCEEDED)
    last = done.select_related("deployment_after").order_by("-operation__ended_at", "-pk").first()
    return last.deployment_after if last else None


def quoted(text: str) -> str:
    """A name in a sentence."""
    return f"'{text}'"


def last_lines(lines: list[str]) -> str:
    """The end of a log, to be appended to a sentence."""
    return "\nIts last lines:\n" + "\n".join(lines) if lines else " It wrote nothing to its log."


def success(operation: Operation) -> str:
    """The sentence of an operation that has succeeded; figures only where they were measured."""
    changes = list(operation.changes.select_related("slot__site", "deployment_after"))
    names = " and ".join(quoted(change.slot.title) for change in changes if change.slot)
    begun_at = operation.swap.begun_at if operation.kind == Kind.SWAP else operation.created_at
    seconds = f"{seconds_since(begun_at):.1f} s"
    match operation.kind:
        case Kind.SWAP:
            return f"Swapped {names} in {seconds}."
        case Kind.ROLL_BACK:
            return f"Rolled back in {seconds}: {_now_served(changes)}.{_set_back(operation)}"
        case Kind.CREATE_SITE:
            return f"Created web site {quoted(operation.target)} in {seconds}."
        case Kind.ENABLE_STAGING:
            created = f"Enabled staged publishing: {quoted(operation.target)} was created in {seconds}."
            return created + _shared(changes[0].held_slot)
        case Kind.RESTORE:
            return f"Restored {quoted(operation.target)} with its content and settings in {seconds}."
        case Kind.PUBLISH:
            message = quoted(operation.deployment.message)
            if len(changes) > 1:
                return f"Published {message} to {quoted(operation.target)} and swapped it into production in {seconds}."
            return f"Published {message} to {quoted(operation.target)} in {seconds}."
        case Kind.SCALE:
            return f"{quoted(operation.target)} has {_instances(changes[0].count_after)} now."
        case Kind.CHANGE_MODE:
            return f"{quoted(operation.target)} is in {operation.held_site.get_mode_display()} mode now."
        case Kind.CHANGE_SETTINGS:
            when = (
                "its instances run with them" if changes[0].is_running_after else "they are in force once it is started"
            )
            return f"Saved the settings of {quoted(operation.target)}; {when}."
        case Kind.START:
            return f"Started {quoted(operation.target)} in {seconds}."
        case Kind.STOP:
            return f"Stopped {quoted(operation.target)}; visitors get a page that says so."
        case Kind.RESTART:
            return f"Restarted {quoted(operation.target)} in {seconds}; no request was lost."
        case Kind.DELETE_STAGING:
            return f"Deleted {quoted(operation.target)}. Production was not touched."
        case _:
            return f"Deleted web site {quoted(operation.target)} with its slots."


def _now_served(changes: Iterable[SlotChange]) -> str:
    """What each slot serves from now on: staging as it was altered may have been chosen."""
    served = [(change.slot, change.deployment_after) for change in changes if change.slot]
    return " and ".join(
        f"{quoted(slot.title)} serves {quoted(content.message) if content else 'the placeholder page'}"
        for slot, content in served
    )


def _shared(staging: Slot) -> str:
    """Names the connection strings that a new slot has from production: they lead both to the same place."""
    owned = Q(slot=staging) | Q(workload__slot=staging)
    rows = SlotSetting.objects.filter(owned, category=Category.CONNECTION_STRINGS)
    names = ", ".join(quoted(name) for name in rows.order_by("name").values_list("name", flat=True))
    return f" It shares these connection strings with production until they are changed: {names}." if names else ""


def _set_back(operation: Operation) -> str:
    """Names the settings that a roll-back to the unaltered version has replaced."""
    if not operation.kept_settings:
        return ""
    kept = {(category, name): value for category, name, value in json.loads(operation.kept_settings)}
    workload = operation.changes.get(slot__is_production=True).occupant_after
    now = {(category, name): value for category, name, value in json.loads(workload.settings_as_json())}
    changed = sorted(
        name for category, name in kept.keys() | now.keys() if kept.get((category, name)) != now.get((category, name))
    )
    return f" Set back to what they were: {', '.join(changed)}." if changed else ""


def _instances(count: int) -> str:
    return "1 instance" if count == 1 else f"{count} instances"


def cancelled(operation: Operation) -> str:
    """The sentence of an operation that was cancelled before the switch."""
    return f"{what(operation)} of {quoted(operation.target)} was cancelled. {holds(operation)}"


def took_too_long(operation: Operation, limit_seconds: float) -> Failed:
    """A step that did not end within its limit."""
    return Failed(
        f"{what(operation)} was stopped: '{operation.get_step_display()}' did not end within {limit_seconds:.0f} s. "
        f"{holds(operation)} Try again; ./greenroom status tells what does not answer."
    )
