"""App settings, connection strings, the names that stay with their slot, and the general configuration."""

from collections.abc import Callable

from django.http import HttpResponse, JsonResponse

from sites import access
from sites.arm.asked import Asked
from sites.arm.bodies import Json, part, refuse_others
from sites.arm.shapes import configuration
from sites.arm.shapes import settings as shapes
from sites.arm.shapes.sites import describe_config
from sites.arm.waiting import once_ended
from sites.errors import Refused
from sites.models import Category
from sites.services import secrets, slots, sticky_names
from sites.services import settings as services
from sites.services.entry import Entry


def list_app_settings(asked: Asked) -> HttpResponse:
    """The values by name. It shows what is hidden otherwise, which is recorded."""
    values = _revealed(asked, Category.APP_SETTINGS)
    return JsonResponse(describe_config(asked.slot, "appsettings", dict(values)))


def list_connection_strings(asked: Asked) -> HttpResponse:
    """Value and type by name. It shows what is hidden otherwise, which is recorded."""
    values = _revealed(asked, Category.CONNECTION_STRINGS)
    entries = services.read_settings(asked.slot, Category.CONNECTION_STRINGS)
    return JsonResponse(
        describe_config(asked.slot, "connectionstrings", shapes.shown_connection_strings(entries, values))
    )


def put_app_settings(asked: Asked) -> HttpResponse:
    """Have these app settings and no others."""
    return _put(asked, Category.APP_SETTINGS, "appsettings", shapes.app_settings)


def put_connection_strings(asked: Asked) -> HttpResponse:
    """Have these connection strings and no others."""
    return _put(asked, Category.CONNECTION_STRINGS, "connectionstrings", shapes.connection_strings)


def get_sticky_names(asked: Asked) -> HttpResponse:
    """The names that stay with their slot; the same for every slot of the site."""
    found = sticky_names.of(asked.site)
    names = {name: sorted(found.get(category, ())) for name, category in shapes.STICKY.items()}
    return JsonResponse(describe_config(asked.slot, "slotConfigNames", {**names, "azureStorageConfigNames": []}))


def put_sticky_names(asked: Asked) -> HttpResponse:
    """Have these names stick and no others. What is in force stays in force."""
    site = access.site_for_change(asked.user, asked.site)
    names = shapes.sticky_names(_properties(asked, "slotConfigNames"))
    sticky_names.save(acting_user=asked.user, site=site, names=names)
    return get_sticky_names(asked.again())


def get_web(asked: Asked) -> HttpResponse:
    """The general configuration of a slot."""
    present = services.read_categories(asked.slot, configuration.CATEGORIES)
    return JsonResponse(describe_config(asked.slot, "web", configuration.describe_web(asked.slot, present)))


def change_web(asked: Asked) -> HttpResponse:
    """Change what is sent of it; clients send all that they were shown, so PUT and PATCH are the same."""
    slot = access.slot_for_change(asked.user, asked.slot)
    present = services.read_categories(slot, configuration.CATEGORIES)
    properties = _properties(asked, "web")
    changed = configuration.changed_web(slot, properties, present, others={configuration.WORKERS})
    auto_swap = configuration.wanted_auto_swap(slot, properties)
    count = configuration.wanted_count(slot, properties)
    if count is not None:
        if changed or auto_swap:
            raise Refused(
                f"The instance count and the configuration of '{slot.title}' cannot be changed by one request, so "
                "nothing was changed. Change one after the other."
            )
        return once_ended(asked, slots.scale(acting_user=asked.user, slot=slot, count=count), get_web)
    if not changed and not auto_swap:
        return get_web(asked)
    operation = services.save_categories(acting_user=asked.user, slot=slot, categories=changed, swap_settings=auto_swap)
    return once_ended(asked, operation, get_web)


def _revealed(asked: Asked, category: Category) -> dict[str, str]:
    slot = access.slot_for_change(asked.user, asked.slot)
    if not services.read_settings(slot, category):
        return {}
    return secrets.reveal_settings(acting_user=asked.user, slot=slot, category=category)


def _put(
    asked: Asked, category: Category, name: str, read: Callable[[Json, frozenset[str]], list[Entry]]
) -> HttpResponse:
    slot = access.slot_for_change(asked.user, asked.slot)
    properties = _properties(asked, name)
    entries = read(properties, sticky_names.of(slot.site).get(category, frozenset()))
    answer = JsonResponse(describe_config(slot, name, properties))
    if entries == services.read_settings(slot, category):
        return answer
    operation = services.save_settings(acting_user=asked.user, slot=slot, category=category, entries=entries)
    return once_ended(asked, operation, lambda later: JsonResponse(describe_config(later.slot, name, properties)))


def _properties(asked: Asked, name: str) -> Json:
    """The part of the body that says something; the rest names the resource."""
    shown = describe_config(asked.slot, name, {})
    refuse_others(asked.body, taken={"properties", "id", "name", "location", "type"}, shown=shown)
    return part(asked.body, "properties")
