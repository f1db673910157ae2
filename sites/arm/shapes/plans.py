"""Plans: one for each mode of a web site, which cannot be created or removed."""

from sites.arm import GROUP
from sites.arm.bodies import Json, number, part, refuse_others
from sites.errors import NotFound, NotOffered
from sites.models import Mode, Subscription

LOCATION = "local"
"""The one location: this server."""
SKUS = {Mode.FREE: ("F1", "Free"), Mode.SHARED: ("D1", "Shared"), Mode.STANDARD: ("S1", "Standard")}
"""Name and tier, as Azure calls them."""


def provider_of(subscription: Subscription) -> str:
    """The beginning of the id of everything in the one resource group of the subscription."""
    return f"/subscriptions/{subscription.public_id}/resourceGroups/{GROUP}/providers/Microsoft.Web"


def plan_id(subscription: Subscription, mode: str) -> str:
    """The id of the plan for a mode."""
    return f"{provider_of(subscription)}/serverfarms/{mode}"


def describe_plan(subscription: Subscription, mode: Mode, *, count: int) -> Json:
    """For an answer; `count` is the number of web sites of that mode."""
    sku, tier = SKUS[mode]
    return {
        "id": plan_id(subscription, mode),
        "name": mode.value,
        "type": "Microsoft.Web/serverfarms",
        "kind": "app",
        "location": LOCATION,
        "sku": {"name": sku, "tier": tier, "size": sku, "family": sku[0], "capacity": mode.max_instances},
        "properties": {
            "name": mode.value,
            "status": "Ready",
            "maximumNumberOfWorkers": mode.max_instances,
            "numberOfWorkers": mode.max_instances,
            "numberOfSites": count,
            "perSiteScaling": True,
            "reserved": False,
            "isXenon": False,
            "hyperV": False,
            "geoRegion": LOCATION,
            "resourceGroup": GROUP,
            "subscription": str(subscription.public_id),
            "provisioningState": "Succeeded",
        },
    }


def refuse_other_plan(mode: Mode, body: Json, *, shown: Json) -> None:
    """Refuse whatever would make the plan another one than it is `shown`. Raises NotOffered and RequestRefused."""
    refuse_others(body, taken={"sku", "properties"}, shown=shown)
    sku = part(body, "sku")
    workers = number(sku, "capacity")
    if workers not in (None, shown["sku"]["capacity"]):
        command = f"az webapp config set --number-of-workers {workers}"
        raise NotOffered(what=f"{workers} workers for the plan '{mode}'; the number belongs to each slot ({command})")
    refuse_others(sku, taken={"capacity"}, shown=shown["sku"], inside="sku.")
    refuse_others(part(body, "properties"), taken=(), shown=shown["properties"], inside="properties.")


def mode_of(text: str) -> Mode:
    """The mode by the name of its plan. Raises NotFound."""
    try:
        return Mode(text.lower())
    except ValueError:
        raise NotFound from None


def mode_of_plan(subscription: Subscription, text: str) -> Mode:
    """The mode by the id of its plan, or by its name alone. Raises NotOffered for a plan of another subscription."""
    beginning, slash, name = text.rpartition("/")
    try:
        mode = Mode(name.lower())
    except ValueError:
        mode = None
    if mode is None or (slash and f"{beginning}/{name}".lower() != plan_id(subscription, mode).lower()):
        names = ", ".join(Mode.values)
        raise NotOffered(what=f"the plan '{text[:120]}' here; the plans of this subscription are {names}")
    return mode
