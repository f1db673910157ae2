"""Why a setting of a file cannot be taken: what the portal would say of it later."""

from collections.abc import Callable

from sites.general_settings import ENDPOINTS, GENERAL_DEFAULTS, fault_of_general, fault_of_monitoring, fault_of_rule
from sites.monitoring.alert_rules import EXAMPLE, PREFIX
from sites.monitoring.alert_rules import fault_of as fault_of_alert
from sites.variable_names import fault_of_name


def _general(name: str, value: str | None) -> str | None:
    return None if not value and name in GENERAL_DEFAULTS else fault_of_general(name, value or "")


def _monitoring(name: str, value: str | None) -> str | None:
    if name in ENDPOINTS:
        is_fitting = value is None or value.lower().startswith(("https://", "http://"))
        return None if is_fitting else "the address of a web endpoint begins with http:// or https://"
    return fault_of_monitoring(name, "off" if value is None else value)


FAULTS: dict[str, Callable[[str, str | None], str | None]] = {
    "settings": lambda name, value: None if value is None else fault_of_name(name),
    "general": _general,
    "warmup": lambda name, value: fault_of_rule(name, value or ""),
    "monitoring": _monitoring,
    "alerts": lambda name, value: fault_of_alert(f"{PREFIX}{name}", EXAMPLE if value is None else value),
}
"""Group of settings → why an entry of it cannot be taken; its value is None where it is to go."""
