"""Which routers operations wait for: what `./greenroom router` asks for."""

from django.conf import settings
from django.db.models.functions import Now

from sites.errors import RouterRefused, RouterUnknown
from sites.models import RouterNode


def get(name: str) -> RouterNode:
    """The router of that name. Raises RouterUnknown."""
    node = RouterNode.objects.filter(node_id=name).first()
    if node is None:
        raise RouterUnknown(name=name)
    return node


def retire(name: str, *, is_connected: bool) -> bool:
    """Let operations wait for the router no longer; False when it was retired before.

    `is_connected`: whether it serves visitors now. Raises RouterUnknown and RouterRefused.
    """
    node = get(name)
    if node.retired_at is not None:
        return False
    if name == settings.ROUTER_NODE:
        raise RouterRefused(
            f"'{name}' is the router of this installation, which `up` starts and replaces. Nothing was changed. "
            "To give it another name, set GREENROOM_ROUTER_NODE and start `up` again; then this name can be retired."
        )
    if is_connected:
        raise RouterRefused(
            f"Router '{name}' is connected and serves visitors. Nothing was changed. Stop its Envoy first; or, to make "
            f"it give up its port now: ./greenroom router retire {name} --connected"
        )
    return bool(RouterNode.objects.filter(pk=node.pk, retired_at=None).update(retired_at=Now()))


def activate(name: str) -> bool:
    """Let the router in again; False when it is not retired. Operations wait for it once it has connected.

    Raises RouterUnknown.
    """
    node = get(name)
    return bool(
        RouterNode.objects.filter(pk=node.pk, retired_at__isnull=False).update(retired_at=None, last_seen_at=None)
    )


def ensure_local_is_active() -> None:
    """Raises RouterRefused when the router that `up` starts has the name of a retired one."""
    name = settings.ROUTER_NODE
    if RouterNode.objects.filter(node_id=name, retired_at__isnull=False).exists():
        raise RouterRefused(
            f"'{name}', the router of this installation (GREENROOM_ROUTER_NODE), is retired. The parts were not "
            f"started. Activate it, then start again: ./greenroom router activate {name}"
        )
