"""Which routers there are, and which of them operations wait for: what `./greenroom router` asks for."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from sites.errors import RouterRefused, RouterUnknown
from sites.models import RouterNode
from sites.models.fields import decrypt, encrypt
from sites.router.authority import Authority, Certificate, open_authority, replace_token
from sites.router.place import ROUTER_NAME
from sites.services.key_rotation import Renewal, renew_token


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


def ensure_can_add(name: str) -> None:
    """Raises RouterRefused for a name that is taken, or that no router can have."""
    if not ROUTER_NAME.fullmatch(name):
        raise RouterRefused(
            f"'{name}' cannot be the name of a router. Nothing was changed. Use letters, digits, dots, hyphens and "
            "underscores, at most 64, with a letter or digit first."
        )
    if name == settings.ROUTER_NODE:
        raise RouterRefused(
            f"'{name}' is the router of this installation, which `up` starts. Nothing was changed. Choose another name."
        )
    node = RouterNode.objects.filter(node_id=name).first()
    if node is None:
        return
    remedy = f"Activate it: ./greenroom router activate {name}" if node.retired_at else "Choose another name."
    raise RouterRefused(f"There is a router '{name}' already. Nothing was changed. {remedy}")


def add(name: str, certificate: Certificate) -> None:
    """Know a router that comes with this certificate; operations wait for it once it has connected."""
    ensure_can_add(name)
    RouterNode.objects.create(
        node_id=name, certificate=certificate.fingerprint, certificate_expires_at=certificate.expires_at
    )


def ensure_has_certificate(name: str) -> None:
    """Raises RouterUnknown, and RouterRefused for a router that connects by the unix socket."""
    if not get(name).certificate:
        raise RouterRefused(
            f"Router '{name}' connects by a socket of this machine and has no certificate. Nothing was changed."
        )


def renew(name: str, certificate: Certificate, *, ends_former: bool) -> None:
    """Give a router another certificate. The former one is good until the new one is used, or ends at once.

    Raises RouterUnknown and RouterRefused.
    """
    ensure_has_certificate(name)
    RouterNode.objects.filter(node_id=name).update(
        former_certificate="" if ends_former else F("certificate"),
        certificate=certificate.fingerprint,
        certificate_expires_at=certificate.expires_at,
    )


def authority() -> Authority:
    """The authority of this installation, which is made when it is first needed. Raises RouterRefused."""
    return open_authority(settings.ROUTER_AUTHORITY, encrypt=encrypt, decrypt=decrypt)


def renew_authority() -> Iterator[Renewal]:
    """Encrypt the authority's key under the newest key of the installation."""
    if not settings.ROUTER_AUTHORITY.exists():
        return
    done = Renewal(0, 0)

    def fresh(token: str) -> str:
        nonlocal done
        renewed, done = renew_token(token)
        return str(renewed)

    replace_token(settings.ROUTER_AUTHORITY, fresh)
    yield done
