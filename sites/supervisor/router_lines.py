"""What `./greenroom status` and `./greenroom router` say of each router."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from sites.errors import RouterUnreachable
from sites.models import RouterNode
from sites.models.clock import reckoned
from sites.router.envoy import EnvoyRouter
from sites.supervisor.spans import ago

EXPIRES_SOON = timedelta(days=30)


def connected_routers() -> set[str]:
    """Those that are connected at this moment; none while the xDS server does not run."""
    return set(_status().get("nodes", ()))


def router_lines() -> list[str]:
    """A line for each router, with its state and its certificate; and one more when no router can connect over TCP."""
    nodes = list(RouterNode.objects.all())
    status = _status()
    width = max((len(node.node_id) for node in nodes), default=0)
    connected = status.get("nodes", ())
    lines = [f"{node.node_id:<{width}}  {_line(node, is_connected=node.node_id in connected)}" for node in nodes]
    fault = status.get("fault_of_port")
    return [*lines, fault] if fault else lines


def _status() -> dict[str, Any]:
    """What the xDS server says; nothing while it does not run."""
    try:
        return EnvoyRouter().status()
    except RouterUnreachable:
        return {}


def summary() -> str:
    """All routers that are not retired, in one line, with what is to be done soon."""
    now = reckoned()
    words = []
    for node in RouterNode.objects.filter(retired_at=None):
        seen = f"seen {ago(now - node.last_seen_at)}" if node.last_seen_at else "not connected yet"
        expiry = _expiry(node, now)
        words.append(f"{node.node_id} {seen}" + (f" ({expiry})" if _is_urgent(node, now) else ""))
    return ", ".join(words) or "none has registered"


def _line(node: RouterNode, *, is_connected: bool) -> str:
    now = reckoned()
    parts = [_state(node, now, is_connected=is_connected)]
    if node.node_id == settings.ROUTER_NODE:
        parts.append("this installation's own")
    if node.certificate:
        parts.append(_expiry(node, now))
    return ", ".join(parts)


def _state(node: RouterNode, now: datetime, *, is_connected: bool) -> str:
    if node.retired_at:
        return f"retired {ago(now - node.retired_at)}"
    if is_connected:
        return "connected"
    return f"away, last seen {ago(now - node.last_seen_at)}" if node.last_seen_at else "has not connected yet"


def _is_urgent(node: RouterNode, now: datetime) -> bool:
    expires_at = node.certificate_expires_at
    return expires_at is not None and expires_at - now < EXPIRES_SOON


def _expiry(node: RouterNode, now: datetime) -> str:
    expires_at = node.certificate_expires_at
    if expires_at is None:
        return ""
    command = f"./greenroom router credentials {node.node_id}"
    if expires_at <= now:
        return f"its certificate expired {ago(now - expires_at)}: {command}"
    if _is_urgent(node, now):
        return f"its certificate expires in {(expires_at - now).days} days: {command}"
    return f"certificate until {expires_at:%Y-%m-%d}"
