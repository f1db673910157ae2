"""Whatever is sent, the answer is an error with a code and a sentence, and nothing is changed."""

import pytest
from django.http import HttpResponse
from django.test import Client

from portal.at_the_door import refuse
from sites.arm import is_arm
from sites.door.head import Head
from sites.errors import RequestTooLarge
from sites.models import Membership, Operation, Role, Slot, Subscription
from tests.domain import Domain
from tests.sites.arm.client import Azure, azure_of

SLOT = "contoso/slots/staging"
EVERYTHING = [
    ("GET", SLOT),
    ("PUT", SLOT),
    ("PATCH", "contoso"),
    ("DELETE", SLOT),
    ("DELETE", "contoso"),
    ("POST", f"{SLOT}/start"),
    ("POST", f"{SLOT}/stop"),
    ("POST", f"{SLOT}/restart"),
    ("POST", f"{SLOT}/slotsswap"),
    ("POST", f"{SLOT}/applySlotConfig"),
    ("POST", f"{SLOT}/resetSlotConfig"),
    ("POST", f"{SLOT}/slotsdiffs"),
    ("POST", f"{SLOT}/config/appsettings/list"),
    ("PUT", f"{SLOT}/config/appsettings"),
    ("POST", f"{SLOT}/config/connectionstrings/list"),
    ("PUT", f"{SLOT}/config/connectionstrings"),
    ("GET", "contoso/config/slotConfigNames"),
    ("PUT", "contoso/config/slotConfigNames"),
    ("GET", f"{SLOT}/config/web"),
    ("PATCH", f"{SLOT}/config/web"),
    ("POST", f"{SLOT}/config/publishingcredentials/list"),
    ("POST", f"{SLOT}/publishxml"),
    ("GET", f"{SLOT}/basicPublishingCredentialsPolicies/scm"),
]
LOOKING = [one for one in EVERYTHING if one[0] == "GET" or one[1].endswith(("slotsdiffs", "publishxml"))]
BODIES = {
    "slotsswap": {"targetSlot": "production"},
    "applySlotConfig": {"targetSlot": "production"},
    "slotsdiffs": {"targetSlot": "production"},
}


def is_refusal(answer: HttpResponse) -> bool:
    said = answer.json()
    return 400 <= answer.status_code < 500 and said.keys() == {"error"} and said["error"]["message"].endswith(".")


def body_of(path: str) -> dict[str, object] | None:
    return BODIES.get(path.rpartition("/")[2], {"properties": {}})


@pytest.fixture
def elsewhere(domain: Domain) -> Subscription:
    """A subscription in which Charlie is the owner, and nobody else."""
    found = Subscription.objects.create(name="Elsewhere")
    Membership.objects.create(subscription=found, user=domain.charlie, role=Role.OWNER)
    return found


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_nobody_comes_in_without_a_token(domain: Domain, slots: tuple[Slot, Slot], method: str, path: str) -> None:
    answer = Azure(domain).ask(method, path, body_of(path))
    assert answer.status_code == 401 and is_refusal(answer) and answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_a_stranger_changes_nothing_and_learns_nothing(
    domain: Domain, elsewhere: Subscription, slots: tuple[Slot, Slot], method: str, path: str
) -> None:
    stranger = azure_of(domain, user="charlie")
    count = Operation.objects.count()
    answers = [stranger.ask(method, path.replace("contoso", name), body_of(path)) for name in ("contoso", "missing")]
    assert {answer.status_code for answer in answers} == {404} and all(map(is_refusal, answers))
    assert answers[0].content == answers[1].content
    assert Operation.objects.count() == count


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_a_site_is_not_found_by_the_id_of_another_subscription(
    domain: Domain, elsewhere: Subscription, slots: tuple[Slot, Slot], method: str, path: str
) -> None:
    """Not even by somebody who is a member of both."""
    Membership.objects.create(subscription=elsewhere, user=domain.alice, role=Role.OWNER)
    azure = azure_of(domain)
    address = f"{azure.sites}/{path}".replace(str(domain.subscription.public_id), str(elsewhere.public_id))
    count = Operation.objects.count()
    answer = azure.ask(method, address, body_of(path))
    if method == "DELETE":
        assert answer.status_code == 204  # there is none in that subscription
    elif method == "PUT" and path == SLOT:
        assert is_refusal(answer)
    else:
        assert answer.status_code == 404 and is_refusal(answer)
    assert Operation.objects.count() == count and Slot.objects.count() == 2


@pytest.mark.parametrize(("method", "path"), [one for one in EVERYTHING if one not in LOOKING])
def test_a_token_for_looking_changes_nothing_and_sees_no_secret(
    domain: Domain, slots: tuple[Slot, Slot], method: str, path: str
) -> None:
    count = Operation.objects.count()
    for azure in (azure_of(domain, "read"), azure_of(domain, user="bob")):
        answer = azure.ask(method, path, body_of(path))
        assert answer.status_code == 403 and is_refusal(answer), answer.content
    assert Operation.objects.count() == count


@pytest.mark.parametrize(("method", "path"), LOOKING)
def test_a_token_for_looking_looks(domain: Domain, slots: tuple[Slot, Slot], method: str, path: str) -> None:
    body = body_of(path) if "slotsdiffs" in path else None
    answer = azure_of(domain, "read").ask(method, path, body)
    assert answer.status_code == 200
    assert slots[1].publishing_password.encode() not in answer.content


def test_case_and_slashes_at_the_end_make_no_difference(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    azure = azure_of(domain)
    said = azure.ask("GET", SLOT).content
    for path in (f"{azure.sites}/{SLOT}".upper(), f"{azure.sites}/{SLOT}".lower(), f"{azure.sites}/{SLOT}//"):
        assert azure.ask("GET", path).content == said
    assert azure.ask("POST", f"{azure.sites}/{SLOT}/SLOTSSWAP".upper(), {"targetSlot": "PRODUCTION"}).status_code == 202


@pytest.mark.parametrize("version", ["", "latest", "2014-01-01", "2025-13-01", "1", "2025-05-01;x", "9" * 3000])
def test_a_version_that_there_is_not_is_refused(domain: Domain, slots: tuple[Slot, Slot], version: str) -> None:
    answer = azure_of(domain).ask("GET", "contoso", version=version)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VersionRefused")


@pytest.mark.parametrize("version", ["2015-08-01", "2024-11-01", "2026-01-01-preview"])
def test_versions_that_there_are_or_will_be_are_taken(domain: Domain, slots: tuple[Slot, Slot], version: str) -> None:
    assert azure_of(domain).ask("GET", "contoso", version=version).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"properties": ',
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b'{"properties": []}',
        b'{"properties": {"A": {"b": 1}}}',
        b'{"properties": {"A": NaN}}',
        b'{"properties": {"A\\u0000": "x"}}',
        b'{"properties": {"A": "\\ud800"}}',
        b'{"properties": {"a b": "x"}}',
        b'{"properties": {"A": ' + b"[" * 5000 + b"]" * 5000 + b"}}",
        b'{"properties": {"A": ' + b"1" * 5000 + b"}}",
        b"[" * 100_000,
        b'{"unknown": "x", "properties": {"A": "1"}}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_is_none_is_refused(domain: Domain, slots: tuple[Slot, Slot], body: bytes) -> None:
    azure = azure_of(domain)
    count = Operation.objects.count()
    for path in (f"{SLOT}/config/appsettings", f"{SLOT}/config/connectionstrings", SLOT):
        answer = azure.ask("PUT", path, body)
        assert is_refusal(answer), (path, answer.content)
    assert Operation.objects.count() == count


def test_a_body_of_ten_megabytes_is_refused(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    answer = azure_of(domain).ask("PUT", f"{SLOT}/config/appsettings", b'{"properties": {"A": "' + b"x" * 10_000_000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "RequestTooLarge")
    head = Head({"path": "/Subscriptions/x", "headers": [(b"host", b"localhost")], "method": "PUT"})
    assert b'{"error": {"code": "RequestTooLarge"' in refuse(head, RequestTooLarge(limit="1 MB")).body


@pytest.mark.parametrize(
    "path",
    [
        "/subscriptions/x",
        "/subscriptions/%00",
        "/subscriptions/" + "1" * 5000,
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups",
        "/providers/Microsoft.Compute/operations",
        "/adfs/oauth2/authorize",
        "/tenants/x",
        "contoso/functions",
        "contoso/sourcecontrols/web",
        "contoso/hostNameBindings",
        "contoso/slots/a%2Fb",
        "contoso/slots/a%00b",
        "../../../../portal",
    ],
)
def test_an_address_that_there_is_not_is_refused_in_the_same_form(
    domain: Domain, slots: tuple[Slot, Slot], path: str
) -> None:
    assert is_refusal(azure_of(domain).ask("GET", path))


@pytest.mark.parametrize("group", ["other", "greenroom2", "%20"])
def test_there_is_one_resource_group(domain: Domain, slots: tuple[Slot, Slot], group: str) -> None:
    azure = azure_of(domain, group=group)
    assert azure.ask("GET", "contoso").status_code == 404
    assert azure.ask("DELETE", "contoso").status_code == 404


def test_an_operation_is_shown_to_nobody_else(
    domain: Domain, elsewhere: Subscription, slots: tuple[Slot, Slot]
) -> None:
    answer = azure_of(domain).ask("POST", f"{SLOT}/slotsswap", {"targetSlot": "production"})
    where = answer["Location"].removeprefix("http://localhost")
    stranger = azure_of(domain, user="charlie")
    assert stranger.ask("GET", where, version="").status_code == 404
    moved = where.replace(str(domain.subscription.public_id), str(elsewhere.public_id))
    assert stranger.ask("GET", moved, version="").status_code == 404


def test_a_browser_that_is_signed_in_is_nobody_here(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(domain.alice)
    azure = Azure(domain)
    azure.client = client
    assert azure.ask("POST", f"{SLOT}/slotsswap", {"targetSlot": "production"}).status_code == 401


@pytest.mark.parametrize(
    "path", ["/sites/", "/settings/subscriptions/", "/metadata-x", "/subscriptionsx", "/", "/api/v1/me"]
)
def test_other_addresses_are_not_taken(path: str) -> None:
    assert not is_arm(path)
