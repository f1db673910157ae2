"""Web sites and slots: the same resource, a slot inside its site."""

from datetime import datetime

from django.conf import settings
from django.db.models import Prefetch, QuerySet

from sites.arm import GROUP
from sites.arm.bodies import Json
from sites.arm.shapes.configuration import WORKERS
from sites.arm.shapes.plans import LOCATION, SKUS, plan_id, provider_of
from sites.models import HostName, HostNameKind, Mode, OperationState, Site, Slot, Swap
from sites.services.names import publishing_host

SLOTS = (
    Slot.objects.select_related("site__subscription", "workload", "hold__operation__swap__source")
    .defer("publishing_password", "hold__operation__before")
    .prefetch_related("host_names")
)


def with_slots(found: QuerySet[Site]) -> QuerySet[Site]:
    """With all that `describe_site` reads, in a fixed number of queries."""
    return found.select_related("subscription").prefetch_related(Prefetch("slots", SLOTS))


def slot_id(slot: Slot) -> str:
    """The id of a web site, for its production slot, or of another slot."""
    whole = f"{provider_of(slot.site.subscription)}/sites/{slot.site.name}"
    return whole if slot.is_production else f"{whole}/slots/{slot.name}"


def full_name(slot: Slot) -> str:
    """contoso, contoso/staging."""
    return slot.site.name if slot.is_production else f"{slot.site.name}/{slot.name}"


def describe_slot(slot: Slot, *, is_secure: bool, last_swap: Swap | None = None) -> Json:
    """For an answer; of a slot from SLOTS. `is_secure`: the addresses are those by HTTPS."""
    return {
        "id": slot_id(slot),
        "name": full_name(slot),
        "type": "Microsoft.Web/sites" if slot.is_production else "Microsoft.Web/sites/slots",
        "kind": "app",
        "location": LOCATION,
        "properties": _properties(slot, is_secure=is_secure, last_swap=last_swap),
    }


def _properties(slot: Slot, *, is_secure: bool, last_swap: Swap | None) -> Json:
    hosts = [host for host in slot.host_names.all() if host.kind != HostNameKind.PUBLISHING]
    main = next((host.name for host in hosts if host.kind == HostNameKind.DEFAULT), "")
    publishing = with_port(_publishing_host(slot), is_secure=is_secure)
    hold = getattr(slot, "hold", None)
    return {
        "name": slot.site.name if slot.is_production else f"{slot.site.name}({slot.name})",
        "state": "Running" if slot.is_running else "Stopped",
        "hostNames": [host.name for host in hosts],
        "enabledHostNames": [*(host.name for host in hosts), publishing],
        "hostNameSslStates": [*map(_tls_state, hosts), _tls_state_of_publishing(publishing)],
        "defaultHostName": with_port(main, is_secure=is_secure),
        "repositorySiteName": slot.site.name,
        "usageState": "Normal",
        "availabilityState": "Normal",
        "enabled": True,
        "serverFarmId": plan_id(slot.site.subscription, slot.site.mode),
        "resourceGroup": GROUP,
        "sku": SKUS[Mode(slot.site.mode)][1],
        "reserved": False,
        "isXenon": False,
        "hyperV": False,
        "siteConfig": {WORKERS: slot.instance_count},
        "httpsOnly": slot.is_https_only,
        "clientAffinityEnabled": False,
        "clientCertEnabled": False,
        "clientCertMode": "Optional",
        "publicNetworkAccess": "Enabled",
        "targetSwapSlot": _prepared_for(slot),
        "inProgressOperationId": str(hold.operation.public_id) if hold else None,
        "slotSwapStatus": _last(last_swap),
    }


def describe_config(slot: Slot, name: str, properties: Json) -> Json:
    """A part of the configuration, for an answer."""
    return {
        "id": f"{slot_id(slot)}/config/{name}",
        "name": name,
        "type": "Microsoft.Web/sites/config" if slot.is_production else "Microsoft.Web/sites/slots/config",
        "location": LOCATION,
        "properties": properties,
    }


def with_port(host: str, *, is_secure: bool) -> str:
    """A host name, with the port where it is not that of the scheme. Clients put the scheme before it."""
    port, usual = (settings.HTTPS_PORT, 443) if is_secure and settings.HTTPS_PORT else (settings.PORT, 80)
    return host if port == usual else f"{host}:{port}"


def _publishing_host(slot: Slot) -> str:
    return publishing_host(slot.site.name, None if slot.is_production else slot.name)


def _tls_state(host: HostName) -> Json:
    is_bound = host.certificate_id is not None
    return {"name": host.name, "sslState": "SniEnabled" if is_bound else "Disabled", "hostType": "Standard"}


def _tls_state_of_publishing(name: str) -> Json:
    """Clients publish to the one name of this type."""
    return {"name": name, "sslState": "Disabled", "hostType": "Repository"}


def _prepared_for(slot: Slot) -> str | None:
    """The slot with which a swap is prepared."""
    hold = getattr(slot, "hold", None)
    if hold is None or hold.operation.state != OperationState.WAITING:
        return None
    source = hold.operation.swap.source
    return None if source is None else "production" if source.pk == slot.pk else source.name


def _last(swap: Swap | None) -> Json | None:
    if swap is None or swap.switched_at is None:
        return None
    moment: datetime = swap.switched_at
    return {
        "timestampUtc": moment.isoformat(),
        "sourceSlotName": swap.source.name if swap.source else None,
        "destinationSlotName": swap.target.name if swap.target else None,
    }
