"""What holds at every address of the portal and of publishing hosts; a new one cannot forget it."""

import re
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from portal.middleware import NoStoreMiddleware
from sites.models import Operation, Role, Site, SiteMember
from sites.services import event_targets, one_off_commands
from sites.services.settings import Entry
from tests.domain import Domain
from tests.portal.conftest import HTMX

FOR_PROGRAMS = ("api/v1/", "^")
"""They take no session; tests/sites/api and tests/sites/arm, whose addresses are patterns, say what holds there."""


def patterns(urlconf: str) -> list[str]:
    """Every address of a urlconf, as a route: 'sites/<str:site_name>/compare/'."""

    def below(resolver: URLResolver, prefix: str) -> Iterator[str]:
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield route
            else:
                yield from below(pattern, route)

    return list(below(get_resolver(urlconf), ""))


@pytest.fixture
def addresses(domain: Domain, contoso: Site) -> list[str]:
    """Each address of the portal with values that lead somewhere where there is such a thing."""
    slot = contoso.slots.get(name="staging")
    target = event_targets.create(
        acting_user=domain.alice,
        subscription=domain.subscription,
        title="CI",
        url="https://hooks.example.org/",
        types=["swap.failed"],
    )
    delivery = event_targets.send_test(acting_user=domain.alice, target=target)
    domain.save(slot, Entry("KEY", "value"))
    command = one_off_commands.run(acting_user=domain.alice, slot=slot, line="true")
    values = {
        "site_name": "contoso",
        "slot_name": "staging",
        "token": "nonsense",
        "uidb36": "1",
        "key": "nonsense",
        "pk": "1",
        "number": str(domain.subscription.memberships.first().pk),
        "app_label": "sites",
        "content_type_id": "1",
        "id": str(domain.alice.pk),
        "object_id": str(Operation.objects.first().pk),
        "url": "nowhere",
        "path": "nowhere",
        "file": "swagger-ui.css",
        "target_id": str(target.public_id),
        "delivery_id": str(delivery.public_id),
        "final_catch_all": "nowhere",
    }

    def value_of(found: re.Match[str], route: str) -> str:
        if found[1] != "public_id":
            return values[found[1]]
        if route.startswith("operations"):
            return str(Operation.objects.first().public_id)
        if "commands" in route:
            return str(command.record.public_id)
        if "deployments" in route:
            return str(slot.workload.active_deployment.public_id)
        return str(domain.subscription.public_id if "subscriptions" in route else uuid.uuid4())

    def address_of(route: str) -> str:
        plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route)
        filled = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: value_of(found, route), plain)
        return "/" + re.sub(r"[\^$\\?]", "", filled)

    return sorted({address_of(route) for route in patterns("portal.urls") if not route.startswith(FOR_PROGRAMS)})


def test_no_change_is_taken_without_the_token_of_a_page(domain: Domain, addresses: list[str]) -> None:
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    client.force_login(domain.alice)
    taken = [address for address in addresses if client.post(address, {"show": "app_settings"}).status_code != 403]
    assert not taken


def test_what_an_answer_is_stands_in_its_type(addresses: list[str], alice: Client) -> None:
    alice.raise_request_exception = False
    unclear, traced = [], []
    for address in addresses:
        answer = alice.get(address)
        kind = answer.headers.get("Content-Type", "")
        if not answer.streaming and answer.content and not (kind.endswith("charset=utf-8") or "json" in kind):
            unclear.append(f"{address}: {kind}")
        if alice.trace(address).status_code < 400:
            traced.append(address)
    assert not unclear and not traced


@pytest.mark.parametrize("who", ["a stranger", "a member", "an administrator"])
def test_no_page_is_kept(
    domain: Domain, addresses: list[str], browser: Callable[[User | None], Client], settings: Settings, who: str
) -> None:
    administrator = User.objects.create_superuser("root", password="root")
    user = {"a stranger": None, "a member": domain.alice, "an administrator": administrator}[who]
    assert len(addresses) > 100
    kept = []
    for address in addresses:
        client = browser(user)
        client.raise_request_exception = False
        asked = [client.get(address), client.get(address, headers=HTMX), client.head(address), client.options(address)]
        asked.append(client.post(address, {"show": "app_settings"}))
        kept += [f"{answer.request['REQUEST_METHOD']} {address}" for answer in asked if not is_no_store(answer)]
    assert not kept


def test_a_member_of_another_site_is_a_stranger_at_every_address(
    domain: Domain, addresses: list[str], charlie: Client
) -> None:
    charlie.raise_request_exception = False
    addresses = [
        address for address in addresses if address.startswith(("/sites/contoso/", "/operations/", "/settings/subscr"))
    ]
    assert len(addresses) > 50
    stranger = [ask(charlie, address) for address in addresses]
    fabrikam = domain.create("fabrikam")
    SiteMember.objects.create(site=fabrikam, user=domain.charlie, role=Role.CONTRIBUTOR)
    assert charlie.get("/sites/fabrikam/production/dashboard/").status_code == 200
    for address, before in zip(addresses, stranger, strict=True):
        assert ask(charlie, address) == before, address
        answer = charlie.get(address)
        assert b"contoso" not in answer.getvalue().replace(address.encode(), b""), address


def ask(client: Client, address: str) -> tuple[int, int]:
    return client.get(address).status_code, client.post(address, {"name": "x", "role": "reader"}).status_code


def is_no_store(answer: HttpResponse) -> bool:
    return "no-store" in answer.headers.get("Cache-Control", "")


@pytest.mark.parametrize(
    "path", ["/", "/sites/nowhere/", "/nowhere", "/healthz", "/favicon.ico", "/sites/a%00/", "/?q=%00"]
)
def test_no_error_is_kept(db: None, path: str) -> None:
    for host in ("localhost", "127.0.0.1", "evil.example", "contoso.scm.localhost", "bad_host!"):
        answer = Client(raise_request_exception=False).get(path, HTTP_HOST=host)
        assert is_no_store(answer), host


def test_no_answer_to_a_program_is_kept(domain: Domain, contoso: Site, settings: Settings) -> None:
    routes = patterns(settings.PUBLISHING_URLCONF)
    assert len(routes) >= 4
    for route in routes:
        address = "/" + re.sub(r"<[^>]*>", "latest", route)
        for method in ("get", "post"):
            answer = getattr(Client(), method)(address, HTTP_HOST="contoso.scm.localhost")
            assert is_no_store(answer), address


def test_pictures_and_scripts_may_be_kept() -> None:
    def static(_: object) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": "max-age=315360000, public, immutable"})

    answer = NoStoreMiddleware(static)(RequestFactory().get("/static/css/greenroom.0123.css"))
    assert answer["Cache-Control"].startswith("max-age=")
    assert NoStoreMiddleware(static)(RequestFactory().get("/sites/"))["Cache-Control"] == "no-store"
