"""What is to be known before two slots are swapped: what stands in the way, and what would surprise."""

from collections.abc import Iterator
from dataclasses import dataclass

from sites.counted import counted
from sites.models import Slot
from sites.operations.kinds import kind_of
from sites.services.rollback import offer_roll_back
from sites.services.settings import shared_connection_strings

NAMED = 5
"""So many names stand in a sentence; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know before a swap."""

    code: str
    sentence: str


def swap_notices(source: Slot, target: Slot, differing: list[str]) -> Iterator[Notice]:
    """What would surprise in a swap of these two; `differing` are the settings that would go along and change."""
    if source.workload is None or source.workload.active_deployment is None:
        yield Notice(
            "no_content",
            f"'{source.title}' has no content yet, so it cannot be swapped. Publish to {source.name} first.",
        )
    for slot in (source, target):
        if not slot.is_running:
            yield Notice(
                "stopped",
                f"'{slot.title}' is stopped, so nothing can be warmed up and no swap is possible. Start it first.",
            )
    yield from _altered(source)
    if differing:
        yield Notice(
            "configured_otherwise",
            f"'{source.title}' and '{target.title}' have different settings: {_names(differing)}. "
            "A swap moves them to the other slot. Tick slot setting where each slot must keep its own value.",
        )
    if source.instance_count != target.instance_count:
        yield Notice(
            "counts_differ",
            f"'{source.title}' has {_instances(source)} and '{target.title}' {_instances(target)}. "
            "Each slot keeps its number; a swap starts and warms up what is missing first.",
        )
    if shared := shared_connection_strings(source):
        yield Notice(
            "shared_connections",
            f"'{source.title}' and '{target.title}' have the same connection string: {_names(shared)}. "
            "Both slots read and write the same data. To separate them, change the string on CONFIGURE.",
        )


def _altered(source: Slot) -> Iterator[Notice]:
    """seed: Rollback, note: whether staging is still what production was before the last swap."""
    offer = offer_roll_back(source.site)
    if offer is None or offer.swap.source_id != source.pk or not offer.is_altered:
        return
    done = [f"{kind_of(one).noun} of {one.actor_name} at {one.created_at:%H:%M} UTC" for one in offer.alterations]
    yield Notice(
        "altered",
        f"'{source.title}' is no longer what production was before the swap of {offer.swap.switched_at:%H:%M} UTC"
        f"{': ' + _names(done, quote='') if done else ''}. Swap it as it is, or roll back to the unaltered version.",
    )


def _names(names: list[str], quote: str = "'") -> str:
    shown = ", ".join(f"{quote}{name}{quote}" for name in names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


def _instances(slot: Slot) -> str:
    return counted(slot.instance_count, "instance")
