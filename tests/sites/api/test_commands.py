"""Nothing that a person can do in the portal is missing from the API."""

import ast
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from sites.api.application import api

ROOT = Path(__file__).resolve().parents[3]
PEOPLE_ONLY = {
    "access_tokens.create": "a program that could make tokens could give itself more rights and more time",
    "access_tokens.revoke": "the same page; a person confirms it",
    "custom_sites.create_custom_site": "POST /sites, PATCH …/settings and zipdeploy do the same one after the other",
    "custom_sites.create_sample_site": "it shows the product to a person",
    "members.add_new_person": "who may sign in is decided by a person who has signed in",
    "trusts.create": "a program that could make trusts could give itself more rights and more time",
    "trusts.confirm": "the same",
    "trusts.remove": "the same page; a person confirms it",
    "members.add_person": "the same",
    "members.change_role": "the same",
    "members.remove_person": "the same",
    "operations.dismiss": "it closes a notification of the portal",
    "subscriptions.create": "subscriptions belong to their people, see members",
    "subscriptions.rename": "the same",
    "visitors.way_back": "it leads a person on who visits a slot and has signed in",
    "deployment_users.set_up": "a person's own credentials; programs have access tokens",
    "sticky_names.save": "PATCH …/settings says of each entry whether it is sticky",
    "secrets.reveal_for_profile": "a publish profile is for the tools of people; GET …/credentials has the same",
    "compared_values.marks": "a form of COMPARE keeps by it which values were shown already",
    "deployments.publish_zip": "zipdeploy on the slot's publishing host takes zips, also with an access token",
}
"""Service → why only people ask for it, or what programs use in its place."""
READING = {
    "site-quickstart": "help for people",
    "site-look": "the same",
    "site-publish": "zipdeploy",
    "site-tree": "how the list is shown",
    "sample-create": "it shows the product to a person",
    "new-custom": "POST /sites, PATCH …/settings and zipdeploy",
    "new-name": "a mark in a form: POST /sites says the same",
    "new": "a form",
    "visit": "it leads a person on who visits a slot and has signed in",
    "kept-discard": "a form of an ended session",
    "frame": "a part of a page",
    "news": "open pages listen to it; GET /operations/ID?wait= waits for an operation",
    "operation-export": "GET /operations has the same rows",
    "operation-dismiss": "it closes a notification",
    "api-try": "the page on which the API is tried",
    "api-asset": "a part of it",
    "home": "leads on",
    "healthz": "a program reads it as it is",
    "metrics": "the same",
    "authority-proof": "the same",
    "site-monitor": "/metrics has the figures",
    "site-logs-more": "a part of that page",
    "site-logs-download": "the same",
    "site-redeploy": "PUT /api/deployments/ID on the slot's publishing host, also with an access token",
    "site-deploy-branches": "POST /api/settings there",
    "site-publish-profile": "a publish profile is for the tools of people",
    "site-trusts": "a program that could make trusts could give itself more rights and more time",
    "site-trust-confirm": "the same",
    "site-trust-remove": "the same",
    "all-items": "GET /sites",
}
"""Address of the portal → why the API has none of its own."""
SAME = {
    "site-list": "list_sites",
    "site-create": "create_site",
    "operation-logs": "list_operations",
    "operation": "get_operation",
    "operation-restore": "restore_deleted",
    "operation-cancel": "cancel_operation",
    "site-compare": "compare_slots",
    "site-compare-reveal": "compare_slots",
    "site-setting-copy": "copy_setting",
    "slot-start": "start",
    "slot-stop": "stop",
    "slot-restart": "restart",
    "slot-swap": "swap",
    "slot-complete": "complete_swap",
    "slot-rollback": "roll_back",
    "slot-delete": "delete_site",
    "site-enable": "enable_staged_publishing",
    "site-mode": "change_mode",
    "site-dashboard": "get_slot",
    "site-deployments": "list_deployments",
    "site-deployment": "get_deployment_log",
    "site-configure": "change_settings",
    "site-swaps": "list_swaps",
    "site-releases": "list_releases",
    "site-release": "get_release",
    "site-logs": "get_logs",
    "site-commands": "run_command",
    "site-command": "get_command",
    "site-command-stop": "stop_command",
    "site-scale": "scale",
    "site-credentials-reset": "reset_credentials",
    "site-password-reveal": "get_credentials",
    "site-values-reveal": "get_settings",
    "site-people": "add_person",
    "site-person": "change_person",
    "site-person-remove": "remove_person",
    "site-visitors": "save_visitors",
    "site-maintenance": "set_maintenance",
    "site-linked": "list_linked_resources",
    "site-linked-link": "link_resource",
    "site-linked-check": "check_linked_resource",
    "site-linked-unlink": "unlink_resource",
    "site-alert-add": "save_alert_rule",
    "site-alert-remove": "remove_alert_rule",
    "site-domains": "add_domain",
    "site-certificates": "upload_certificate",
    "site-source": "connect_source_control",
    "site-source-sync": "sync_source_control",
    "site-source-disconnect": "disconnect_source_control",
    "site-certificate-remove": "remove_uploaded_certificate",
    "site-certificate-stop": "stop_automatic_certificate",
    "site-source-secret": "get_source_control",
    "site-source-secret-reset": "reset_webhook_secret",
}
"""Address of the portal → what does the same in the API."""


def services() -> dict[str, Callable]:
    """What may be asked for: each public function of a service with an acting user, by module and name."""
    found = {}
    for path in sorted((ROOT / "sites/services").glob("*.py")):
        if path.stem == "requests":
            continue  # what every service calls
        module = import_module(f"sites.services.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            is_own = function.__module__ == module.__name__ and not name.startswith("_")
            if (
                is_own
                and module.__name__ != "sites.services.requests"
                and "acting_user" in inspect.signature(function).parameters
            ):
                found[f"{path.stem}.{name}"] = function
    return found


def functions_called_by_the_api() -> set[str]:
    """The names of all that the API calls, as `function`."""
    called = set()
    for path in (ROOT / "sites/api").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called.add(ast.unparse(node.func).rpartition(".")[2])
    return called


def routes() -> set[str]:
    """The functions that answer for the API."""
    found = set()
    for _, router in api._routers:
        for view in router.path_operations.values():
            found |= {operation.view_func.__name__ for operation in view.operations}
    return found


def test_each_route_has_a_name_of_its_own() -> None:
    described = api.get_openapi_schema(path_prefix="/api/v1/")["paths"].values()
    names = [method["operationId"] for item in described for method in item.values()]
    assert len(names) == len(set(names)) and set(names) == routes()


def portal_addresses() -> set[str]:
    """The names of the portal's addresses, but for the account, people and subscriptions, and Django's admin."""

    def below(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str]]:
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield route, pattern.name or ""
            else:
                yield from below(pattern, route)

    personal = ("settings/", "sign-in/", "sign-out/", "welcome/", "admin/", "api/v1/")
    return {name for route, name in below(get_resolver("portal.urls"), "") if name and not route.startswith(personal)}


def test_every_service_is_asked_by_the_api_or_has_a_reason() -> None:
    called = functions_called_by_the_api()
    known = services()
    assert len(known) > 20
    missing = {name for name in known if name.rpartition(".")[2] not in called}
    unknown = {name for name in missing if name not in PEOPLE_ONLY and not is_part_of_another(name)}
    assert not unknown, f"the API lacks {sorted(unknown)}"
    assert not PEOPLE_ONLY.keys() - known.keys()


def is_part_of_another(name: str) -> bool:
    """Whether the API calls a service that is the same for more: one category of settings, or one kind of slot."""
    return name in {"settings.save_settings"}


def test_every_address_of_the_portal_has_its_like_or_a_reason() -> None:
    addresses = portal_addresses()
    assert addresses - READING.keys() - SAME.keys() == set(), "say what does the same in the API, or why nothing does"
    assert not (READING.keys() | SAME.keys()) - addresses
    assert set(SAME.values()) <= routes()


@pytest.mark.parametrize("name", sorted(SAME))
def test_no_address_is_named_twice(name: str) -> None:
    assert name not in READING
