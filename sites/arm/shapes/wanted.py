"""What a web site or a slot is to be, from the body of a request; what Greenroom does not have is refused."""

from dataclasses import dataclass, field

from sites.arm.bodies import Json, part, refuse_others, switch, text
from sites.arm.shapes.configuration import CATEGORIES, WORKERS, Entries, changed_web, wanted_auto_swap, wanted_count
from sites.arm.shapes.plans import LOCATION, mode_of_plan, plan_id
from sites.arm.shapes.settings import listed_app_settings
from sites.errors import NotOffered, RequestRefused
from sites.models import Category, Mode, Site, Slot, Subscription
from sites.services import sticky_names
from sites.services.entry import MASKED
from sites.services.settings import read_categories

PLAN, CONFIGURATION, HTTPS_ONLY = "serverFarmId", "siteConfig", "httpsOnly"
TAKEN = frozenset({PLAN, CONFIGURATION, HTTPS_ONLY})
MOVING = frozenset({"inProgressOperationId", "slotSwapStatus", "targetSwapSlot"})
"""What may have become something else since the client was shown it; none of it is a wish."""
NEW = {"publicNetworkAccess": "Enabled", "clientCertMode": "Optional"}
"""How a new one is, beside what is off."""
LISTED = "appSettings"
NONE: Entries = {category: [] for category in CATEGORIES}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be different; of the mode and HTTPS only, what is to hold."""

    mode: str
    is_https_only: bool | None = None
    configuration: Entries = field(default_factory=dict)
    auto_swap: dict[str, int] = field(default_factory=dict)


def wanted_of_new_site(subscription: Subscription, body: Json) -> Wanted:
    """For a web site that is not there yet. Raises NotOffered and RequestRefused."""
    properties = _properties(body, shown=NEW)
    plan = text(properties, PLAN)
    if not plan:
        raise RequestRefused(
            f"The request cannot be read: '{PLAN}' is missing. Nothing was created. "
            f"Name the plan: {', '.join(Mode.values)}."
        )
    given = part(properties, CONFIGURATION)
    blank = Slot()
    configuration = changed_web(blank, given, NONE, others={LISTED})
    if wanted_auto_swap(blank, given):
        raise NotOffered(what="an auto swap from production; it is a setting of a slot")
    entries = listed_app_settings(given, ())
    if entries:
        configuration[Category.APP_SETTINGS] = entries
    return Wanted(mode_of_plan(subscription, plan), switch(properties, HTTPS_ONLY), configuration)


def wanted_of_new_slot(site: Site, body: Json) -> Wanted:
    """For a slot that is not there yet. It begins without configuration; clients clone that afterwards."""
    properties = _properties(body, shown=NEW)
    _same_plan(site, properties)
    given = part(properties, CONFIGURATION)
    if changed_web(Slot(), given, NONE) or wanted_auto_swap(Slot(), given):
        raise NotOffered(what="a new slot with a configuration; create it first and configure it then")
    return Wanted(site.mode, switch(properties, HTTPS_ONLY))


def wanted_of_slot(slot: Slot, body: Json, *, shown: Json) -> Wanted:
    """For one that is there and is `shown` so."""
    properties = _properties(body, shown=shown["properties"], whole=shown)
    given = part(properties, CONFIGURATION)
    present = read_categories(slot, {*CATEGORIES, *MASKED})
    configuration = changed_web(slot, given, present, others={LISTED, WORKERS})
    if wanted_count(slot, given) is not None:
        raise NotOffered(what=f"another '{WORKERS}' by this request; change it by config/web, alone")
    entries = listed_app_settings(given, sticky_names.of(slot.site).get(Category.APP_SETTINGS, ()))
    if entries is not None and entries != present[Category.APP_SETTINGS]:
        configuration[Category.APP_SETTINGS] = entries
    mode = slot.site.mode
    if slot.is_production and properties.get(PLAN) is not None:
        mode = mode_of_plan(slot.site.subscription, text(properties, PLAN))
    else:
        _same_plan(slot.site, properties)
    return Wanted(mode, switch(properties, HTTPS_ONLY), configuration, wanted_auto_swap(slot, given))


def _properties(body: Json, *, shown: Json, whole: Json | None = None) -> Json:
    refuse_others(body, taken={"location", "properties"}, shown=whole or {"kind": "app"})
    place = "".join(text(body, "location").lower().split())
    if place not in ("", LOCATION):
        raise NotOffered(what=f"the location '{place[:40]}'; there is '{LOCATION}', which is this server")
    properties = part(body, "properties")
    refuse_others(properties, taken=TAKEN | MOVING, shown=shown)
    return properties


def _same_plan(site: Site, properties: Json) -> None:
    """Raises NotOffered for another plan than that of the web site."""
    plan = text(properties, PLAN)
    if plan and plan.lower() != plan_id(site.subscription, site.mode).lower():
        raise NotOffered(what="a plan of its own for a slot; it has that of its web site")
