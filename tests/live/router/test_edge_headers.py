"""What a real Envoy takes from the requests of visitors and from the answers of instances, and what it leaves."""

from collections.abc import Iterator

import httpx
import pytest

from sites.router.xds.edge_headers import LEFT_IN_REQUESTS, REQUEST_HEADERS, RESPONSE_HEADERS
from tests.live.router.rig import PRODUCTION, STAGING, Rig

pytestmark = pytest.mark.live

SAID_BY_THE_ROUTER = {
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-website-site-name": "site1",
    "x-website-slot-name": "production",
    "x-website-hostname": PRODUCTION,
}
FORGED = "forged"


def names() -> list[str]:
    """Every name of the table, the open ones with an ending, and each as other servers would write it."""
    plain = [name.replace("*", "anything") for family in REQUEST_HEADERS for name in family.names]
    known = "x-forwarded-ssl x-forwarded-user x-forwarded-client-cert x-forwarded-prefix x-original-url x-original-uri"
    return [*plain, *known.split(), "x-ms-client-principal-id", "x-auth-request-email"]


def in_groups(headers: list[tuple[str, str]], size: int = 50) -> Iterator[dict[str, str]]:
    """Envoy takes a hundred headers at once."""
    for start in range(0, len(headers), size):
        yield dict(headers[start : start + size])


def seen(rig: Rig, headers: dict[str, str], host: str = PRODUCTION) -> dict[str, str]:
    answer = rig.ask(host, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["headers"])


@pytest.mark.parametrize("written", [str, str.title, str.upper], ids=["lower", "title", "upper"])
def test_what_only_a_proxy_may_say_is_taken_from_a_request(running: Rig, written: object) -> None:
    headers = [(written(name), FORGED) for name in names()]
    assert len(headers) > 120
    for group in in_groups(headers):
        found = seen(running, group)
        assert [name for name, value in found.items() if FORGED in value] == []
        assert {name: found[name] for name in SAID_BY_THE_ROUTER} == SAID_BY_THE_ROUTER


def test_names_with_underscores_are_taken_too(running: Rig) -> None:
    for group in in_groups([(name.replace("-", "_"), FORGED) for name in names() if "-" in name]):
        assert FORGED not in seen(running, group).values()
    mixed = {"X-Forwarded_For": FORGED, "X_Website-Slot-Name": FORGED, "remote_user": FORGED, "SCRIPT_NAME": "/a"}
    assert not {FORGED, "/a"} & set(seen(running, mixed).values())


def test_the_portal_and_every_slot_are_served_so(running: Rig) -> None:
    for host in (STAGING, "localhost"):
        found = seen(running, {"Remote-User": FORGED, "X-Forwarded-Ssl": "on", "X-Forwarded-Proto": "https"}, host)
        assert not {"remote-user", "x-forwarded-ssl"} & found.keys() and found["x-forwarded-proto"] == "http"


def test_repeated_headers_are_all_taken(running: Rig) -> None:
    headers = [("Host", PRODUCTION), *[("X-Real-IP", FORGED)] * 3, *[("Remote-User", FORGED)] * 3]
    with httpx.Client(trust_env=False) as client:
        answer = client.get(f"http://127.0.0.1:{running.port}/", headers=headers)
    assert not {"x-real-ip", "remote-user"} & answer.json()["headers"].keys()


def test_what_others_say_is_left(running: Rig) -> None:
    sent = {name: f"sent-{number}" for number, name in enumerate(LEFT_IN_REQUESTS.names)}
    found = seen(running, sent)
    assert {name: found.get(name) for name in sent} == sent


def test_an_answer_says_nothing_of_the_server_and_gives_no_orders(running: Rig) -> None:
    taken = [name.replace("*", "upstream-canary") for family in RESPONSE_HEADERS for name in family.names]
    assert len(taken) >= 2
    for host in (PRODUCTION, "localhost", "nobody.localhost"):
        assert not set(taken) & running.ask(host).headers.keys()
    assert running.ask(PRODUCTION).headers["x-powered-by"] == "the application", "what else it says is its own"
