"""App settings, connection strings and the names that stay with their slot."""

from collections.abc import Iterable, Sequence

from sites.arm.bodies import Json, part, refuse_others, texts
from sites.errors import NotOffered, RequestRefused
from sites.models import Category
from sites.services.entry import Entry
from sites.services.setting_faults import CONNECTION_KINDS

MAX_ENTRIES = 1000
STICKY = {"appSettingNames": Category.APP_SETTINGS, "connectionStringNames": Category.CONNECTION_STRINGS}
_KINDS = {kind.lower(): kind for kind in CONNECTION_KINDS}


def app_settings(properties: Json, sticky: Iterable[str]) -> list[Entry]:
    """As `PUT config/appsettings` has them: values by name. Raises RequestRefused."""
    return _entries([(name, value, "") for name, value in properties.items()], sticky)


def listed_app_settings(body: Json, sticky: Iterable[str]) -> list[Entry] | None:
    """As a site has them in its siteConfig: objects with name and value; None where there are none."""
    found = body.get("appSettings")
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(one, dict) and "name" in one for one in found):
        raise RequestRefused(
            "The request cannot be read: 'appSettings' is no list of names and values. Nothing was changed."
        )
    return _entries([(one["name"], one.get("value"), "") for one in found], sticky)


def connection_strings(properties: Json, sticky: Iterable[str]) -> list[Entry]:
    """As `PUT config/connectionstrings` has them: value and type by name. Raises RequestRefused and NotOffered."""
    found = []
    for name in properties:
        given = part(properties, name)
        refuse_others(given, taken={"value", "type"}, shown={}, inside=f"{name[:80]}.")
        said = str(given.get("type") or "Custom")
        kind = _KINDS.get(said.lower())
        if kind is None:
            raise NotOffered(
                what=f"connection strings of the type '{said[:40]}'; there are {', '.join(CONNECTION_KINDS)}"
            )
        found.append((name, given.get("value"), kind))
    return _entries(found, sticky)


def shown_connection_strings(entries: Iterable[Entry], values: dict[str, str]) -> Json:
    """Value and type by name."""
    return {entry.name: {"value": values[entry.name], "type": entry.kind} for entry in entries if entry.name in values}


def sticky_names(properties: Json) -> dict[Category, list[str]]:
    """As `PUT config/slotConfigNames` has them; a list that is left out stays as it is."""
    refuse_others(properties, taken=STICKY, shown={"azureStorageConfigNames": []})
    found = {category: texts(properties, name) for name, category in STICKY.items()}
    return {category: names for category, names in found.items() if names is not None}


def _entries(found: Sequence[tuple[object, object, str]], sticky: Iterable[str]) -> list[Entry]:
    if len(found) > MAX_ENTRIES:
        raise RequestRefused(
            f"The request cannot be read: it has more than {MAX_ENTRIES} entries. Nothing was changed."
        )
    names = frozenset(sticky)
    entries = [Entry(str(name), _value(str(name), value), kind, is_sticky=name in names) for name, value, kind in found]
    return sorted(entries, key=lambda entry: entry.name)


def _value(name: str, value: object) -> str:
    """Texts, and what libraries write for numbers and switches."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise RequestRefused(f"The request cannot be read: the value of '{name[:80]}' is no text. Nothing was changed.")
