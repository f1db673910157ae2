"""The general configuration of a slot, config/web: what of it Greenroom has, and how the rest stands."""

from collections.abc import Iterable

from sites.arm.bodies import Json, number, refuse_others, switch, text, texts
from sites.errors import NotOffered
from sites.general_settings import GENERAL_DEFAULTS, MONITORING_DEFAULTS, START_COMMAND, WEB_SERVER_LOGGING
from sites.models import PRODUCTION, Category, Slot
from sites.services.entry import Entry

CATEGORIES = (Category.GENERAL, Category.MONITORING, Category.DEFAULT_DOCUMENTS)
SWITCHES = {
    "alwaysOn": (Category.GENERAL, "always_on"),
    "webSocketsEnabled": (Category.GENERAL, "web_sockets"),
    "httpLoggingEnabled": (Category.MONITORING, WEB_SERVER_LOGGING),
}
COMMAND, DOCUMENTS, AUTO_SWAP = "appCommandLine", "defaultDocuments", "autoSwapSlotName"
WORKERS = "numberOfWorkers"
"""The instance count, which stays with its slot: it is taken here and shown with the web site."""
TAKEN = frozenset({*SWITCHES, COMMAND, DOCUMENTS, AUTO_SWAP})
Entries = dict[Category, list[Entry]]
_DEFAULTS = GENERAL_DEFAULTS | MONITORING_DEFAULTS


def describe_web(slot: Slot, present: Entries) -> Json:
    """The properties of config/web; `present` has CATEGORIES.

    What stays with a slot and is changed elsewhere is not among them: clients clone all that they are shown.
    """
    values = {entry.name: entry.value for entries in present.values() for entry in entries}
    return {
        DOCUMENTS: [entry.value for entry in present[Category.DEFAULT_DOCUMENTS]],
        COMMAND: values.get(START_COMMAND, ""),
        AUTO_SWAP: PRODUCTION if slot.is_auto_swapped else None,
        **{name: (values.get(key) or _DEFAULTS[key]) == "on" for name, (_, key) in SWITCHES.items()},
        "experiments": {"rampUpRules": []},
        "scmType": "None",
        "http20Enabled": True,
        "ftpsState": "Disabled",
        "loadBalancing": "LeastRequests",
        "managedPipelineMode": "Integrated",
    }


def wanted_auto_swap(slot: Slot, body: Json) -> dict[str, int]:
    """What `save_categories` takes as swap settings. Raises NotOffered for another slot than production."""
    if body.get(AUTO_SWAP) is None:
        return {}
    target = text(body, AUTO_SWAP).lower()
    if target not in ("", PRODUCTION):
        raise NotOffered(what=f"an auto swap into '{target[:80]}'; a publication goes on into production or nowhere")
    is_wanted = bool(target)
    return {} if is_wanted == slot.is_auto_swapped else {"is_auto_swapped": is_wanted}


def wanted_count(slot: Slot, body: Json) -> int | None:
    """The instance count that `body`, properties of config/web, asks for; None: as it is. Raises RequestRefused."""
    count = number(body, WORKERS)
    return None if count == slot.instance_count else count


def changed_web(slot: Slot, body: Json, present: Entries, *, others: Iterable[str] = ()) -> Entries:
    """The categories that `body`, properties of config/web, makes different, whole.

    `others` are names that somebody else takes. Raises NotOffered and RequestRefused.
    """
    refuse_others(body, taken={*TAKEN, *others}, shown=describe_web(slot, present))
    wanted = {category: {entry.name: entry for entry in present[category]} for category in CATEGORIES}
    for name, (category, key) in SWITCHES.items():
        is_on = switch(body, name)
        if is_on is not None:
            _set(wanted[category], key, "on" if is_on else "off")
    if body.get(COMMAND) is not None:
        _set(wanted[Category.GENERAL], START_COMMAND, text(body, COMMAND))
    documents = texts(body, DOCUMENTS)
    if documents is not None:
        numbered = enumerate(documents, start=1)
        wanted[Category.DEFAULT_DOCUMENTS] = {f"{place:03}": Entry(f"{place:03}", one) for place, one in numbered}
    found = {category: sorted(entries.values(), key=lambda entry: entry.name) for category, entries in wanted.items()}
    return {category: entries for category, entries in found.items() if entries != present[category]}


def _set(entries: dict[str, Entry], name: str, value: str) -> None:
    """A value that is the default needs no entry."""
    present = entries.get(name)
    if (present.value if present else _DEFAULTS[name]) == value:
        return
    entries[name] = Entry(name, value, is_sticky=present.is_sticky if present else False)
