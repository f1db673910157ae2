"""What people read for an entry of the configuration: the words beside its field, with its name where it has one."""

from sites.general_settings import GENERAL_DEFAULTS, MONITORING_DEFAULTS, TITLES, WARMUP_DEFAULTS
from sites.models import Category
from sites.monitoring.alert_rules import PREFIX

KINDS = {
    Category.APP_SETTINGS: "app setting",
    Category.CONNECTION_STRINGS: "connection string",
    Category.HANDLER_MAPPINGS: "handler mapping",
    Category.MOUNTS: "persistent folder",
}
"""What one of the entries is that people name themselves."""
_KNOWN = {*GENERAL_DEFAULTS, *MONITORING_DEFAULTS, *WARMUP_DEFAULTS}


def title_of(category: Category, name: str) -> str:
    """As a list of settings has it: the name alone of what people name themselves."""
    if category == Category.DEFAULT_DOCUMENTS:
        return f"Default document {name.lstrip('0')}"
    if category == Category.MONITORING and name.startswith(PREFIX):
        return f"Alert rule '{name.removeprefix(PREFIX)}'"
    return TITLES[name] if category not in KINDS and name in _KNOWN else name


def caption_of(category: Category, name: str, value: str) -> str:
    """As a sentence has it: "App setting 'COLOUR'"; `value` tells default documents apart, whose names are places."""
    if category == Category.DEFAULT_DOCUMENTS:
        return f"Default document '{value}'"
    kind = KINDS.get(category)
    if kind is None:
        title = title_of(category, name)
        return f"'{name}'" if title == name else title
    if name:
        return f"{kind.capitalize()} '{name}'"
    return f"{'An' if kind[0] in 'aeiou' else 'A'} {kind} without a name"
