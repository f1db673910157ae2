"""Tenants, subscriptions, and the one resource group and the plans of each."""

from collections import Counter

from django.http import HttpResponse, JsonResponse

from sites import access
from sites.arm import GROUP, TENANT
from sites.arm.asked import Asked
from sites.arm.bodies import Json, text
from sites.arm.shapes.plans import LOCATION, describe_plan, mode_of, refuse_other_plan
from sites.errors import AddressNotOffered, NameRefused, NameTaken, NotFound
from sites.models import Mode, Subscription
from sites.services import names


def list_tenants(asked: Asked) -> HttpResponse:
    """The one that there is."""
    return listed([{"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "Greenroom"}])


def list_subscriptions(asked: Asked) -> HttpResponse:
    """Those whose name the token may read, by name."""
    return listed([_described(one) for one in access.named_subscriptions(asked.user)])


def get_subscription(asked: Asked) -> HttpResponse:
    """One of them."""
    return JsonResponse(_described(asked.subscription))


def list_groups(asked: Asked) -> HttpResponse:
    """The one of the subscription."""
    return listed([_group(asked.subscription)])


def get_group(asked: Asked) -> HttpResponse:
    """The same. Raises NotFound for another name."""
    return JsonResponse(_group(asked.subscription))


def list_plans(asked: Asked) -> HttpResponse:
    """One for each mode."""
    counts = _counts(asked)
    return listed([describe_plan(asked.subscription, mode, count=counts[mode]) for mode in Mode])


def get_plan(asked: Asked) -> HttpResponse:
    """One of them. Raises NotFound."""
    subscription, mode = asked.subscription, mode_of(asked.names["plan"])
    return JsonResponse(describe_plan(subscription, mode, count=_counts(asked)[mode]))


def keep_plan(asked: Asked) -> HttpResponse:
    """The plan as it is, for a client that sends it back so. Raises AddressNotOffered for a new one, and NotOffered."""
    try:
        mode = mode_of(asked.names["plan"])
    except NotFound:
        raise AddressNotOffered(method=asked.request.method, path=asked.request.path) from None
    shown = describe_plan(asked.subscription, mode, count=_counts(asked)[mode])
    refuse_other_plan(mode, asked.body, shown=shown)
    return JsonResponse(shown)


def check_name(asked: Asked) -> HttpResponse:
    """Whether a name may become a web site; the same rules as when it is created."""
    subscription, name = asked.subscription, text(asked.body, "name")
    access.ensure_may_change(asked.user, subscription, name)
    try:
        names.check_name(name)
    except (NameRefused, NameTaken) as refusal:
        reason = "AlreadyExists" if isinstance(refusal, NameTaken) else "Invalid"
        return JsonResponse({"nameAvailable": False, "reason": reason, "message": str(refusal)})
    return JsonResponse({"nameAvailable": True, "reason": "", "message": ""})


def list_stacks(asked: Asked) -> HttpResponse:
    """What az asks for before it creates a web site. Greenroom detects what a content needs, so that is all it says."""
    detected = {
        "displayText": "Node detected",
        "value": "detected",
        "stackSettings": {
            "windowsRuntimeSettings": {
                "runtimeVersion": "detected",
                "isDefault": True,
                "appInsightsSettings": {"isSupported": False},
                "remoteDebuggingSupported": False,
                "gitHubActionSettings": {"isSupported": False},
            }
        },
    }
    major = {"displayText": "Node detected", "value": "detected", "minorVersions": [detected]}
    stack: Json = {"displayText": "Node", "value": "node", "preferredOs": "windows", "majorVersions": [major]}
    where = {"name": "node", "type": "Microsoft.Web/webAppStacks", "location": LOCATION}
    return listed([{"id": "/providers/Microsoft.Web/webAppStacks/node", **where, "properties": stack}])


def listed(items: list[Json]) -> HttpResponse:
    """A whole list; there are no further pages."""
    return JsonResponse({"value": items, "nextLink": None})


def _described(subscription: Subscription) -> Json:
    return {
        "id": f"/subscriptions/{subscription.public_id}",
        "subscriptionId": str(subscription.public_id),
        "displayName": subscription.name,
        "state": "Enabled",
        "tenantId": TENANT,
        "homeTenantId": TENANT,
        "managedByTenants": [],
        "authorizationSource": "RoleBased",
        "subscriptionPolicies": {"locationPlacementId": LOCATION, "quotaId": "Greenroom", "spendingLimit": "Off"},
    }


def _group(subscription: Subscription) -> Json:
    return {
        "id": f"/subscriptions/{subscription.public_id}/resourceGroups/{GROUP}",
        "name": GROUP,
        "type": "Microsoft.Resources/resourceGroups",
        "location": LOCATION,
        "properties": {"provisioningState": "Succeeded"},
    }


def _counts(asked: Asked) -> Counter[str]:
    found = access.visible_sites(asked.user).filter(subscription=asked.subscription)
    return Counter(found.order_by().values_list("mode", flat=True))
