"""The addresses of Azure Resource Manager that Greenroom has; on the portal's host, from its root."""

from sites.arm import TENANT, authentication, metadata
from sites.arm.route import anything, in_any_case, route
from sites.arm.views import operations, publishing, settings, sites, subscriptions, swaps
from sites.models import Scope

READ, SWAP, ADMINISTER = Scope.READ, Scope.SWAP, Scope.ADMINISTER
SUBSCRIPTION = "subscriptions/{subscription}"
GROUP = f"{SUBSCRIPTION}/resourcegroups/{{group}}"
WEB = "providers/Microsoft\\.Web"
SITE = f"{GROUP}/{WEB}/sites/{{site}}"
SLOT = f"{SITE}[/slots/{{slot}}]"
"""A web site and its slots have the same addresses below."""

BEFORE_SIGN_IN = [
    in_any_case(r"^metadata/endpoints/*\Z", metadata.endpoints),
    in_any_case(
        rf"^{TENANT}(?:/{TENANT})?(?:/v2\.0)?/\.well-known/openid-configuration\Z", metadata.openid_configuration
    ),
    in_any_case(rf"^{TENANT}/oauth2(?:/v2\.0)?/token\Z", authentication.token),
]
OF_SUBSCRIPTIONS = [
    route("tenants", GET=(READ, subscriptions.list_tenants)),
    route("subscriptions", GET=(READ, subscriptions.list_subscriptions)),
    route(SUBSCRIPTION, GET=(READ, subscriptions.get_subscription)),
    route(f"{SUBSCRIPTION}/resourcegroups", GET=(READ, subscriptions.list_groups)),
    route(GROUP, GET=(READ, subscriptions.get_group)),
    route(f"{SUBSCRIPTION}[/resourcegroups/{{group}}]/{WEB}/serverfarms", GET=(READ, subscriptions.list_plans)),
    route(
        f"{GROUP}/{WEB}/serverfarms/{{plan}}",
        GET=(READ, subscriptions.get_plan),
        PUT=(ADMINISTER, subscriptions.keep_plan),
        PATCH=(ADMINISTER, subscriptions.keep_plan),
    ),
    route(f"{SUBSCRIPTION}/{WEB}/checknameavailability", POST=(READ, subscriptions.check_name)),
    route(f"{WEB}/(?:webAppStacks|availableStacks)", GET=(READ, subscriptions.list_stacks)),
    route(f"{SUBSCRIPTION}/{WEB}/locations/local/operationResults/{{operation}}", GET=(READ, operations.result)),
    route(f"{SUBSCRIPTION}/{WEB}/locations/local/operations/{{operation}}", GET=(READ, operations.status)),
]
OF_SITES = [
    route(f"{SUBSCRIPTION}[/resourcegroups/{{group}}]/{WEB}/sites", GET=(READ, sites.list_sites)),
    route(f"{SITE}/slots", GET=(READ, sites.list_slots)),
    route(
        SLOT,
        GET=(READ, sites.get),
        PUT=(ADMINISTER, sites.put),
        PATCH=(ADMINISTER, sites.patch),
        DELETE=(ADMINISTER, sites.delete),
    ),
    route(f"{SLOT}/start", POST=(ADMINISTER, sites.start)),
    route(f"{SLOT}/stop", POST=(ADMINISTER, sites.stop)),
    route(f"{SLOT}/restart", POST=(ADMINISTER, sites.restart)),
]
OF_SETTINGS = [
    route(f"{SLOT}/config/appsettings/list", POST=(ADMINISTER, settings.list_app_settings)),
    route(f"{SLOT}/config/appsettings", PUT=(ADMINISTER, settings.put_app_settings)),
    route(f"{SLOT}/config/connectionstrings/list", POST=(ADMINISTER, settings.list_connection_strings)),
    route(f"{SLOT}/config/connectionstrings", PUT=(ADMINISTER, settings.put_connection_strings)),
    route(
        f"{SITE}/config/slotConfigNames",
        GET=(READ, settings.get_sticky_names),
        PUT=(ADMINISTER, settings.put_sticky_names),
    ),
    route(
        f"{SLOT}/config/web",
        GET=(READ, settings.get_web),
        PUT=(ADMINISTER, settings.change_web),
        PATCH=(ADMINISTER, settings.change_web),
    ),
]
OF_SWAPS = [
    route(f"{SLOT}/slotsswap", POST=(SWAP, swaps.swap)),
    route(f"{SLOT}/applySlotConfig", POST=(SWAP, swaps.prepare)),
    route(f"{SLOT}/resetSlotConfig", POST=(SWAP, swaps.reset)),
    route(f"{SLOT}/slotsdiffs", POST=(READ, swaps.differences)),
]
OF_PUBLISHING = [
    route(f"{SLOT}/config/publishingcredentials/list", POST=(ADMINISTER, publishing.credentials)),
    route(f"{SLOT}/publishxml", POST=(READ, publishing.profile)),
    route(f"{SLOT}/basicPublishingCredentialsPolicies/(?P<way>scm|ftp)", GET=(READ, publishing.policy)),
]
urlpatterns = [
    *BEFORE_SIGN_IN,
    *OF_SUBSCRIPTIONS,
    *OF_SITES,
    *OF_SETTINGS,
    *OF_SWAPS,
    *OF_PUBLISHING,
    *map(anything, ("subscriptions", "providers", "tenants", "metadata", TENANT)),
]
