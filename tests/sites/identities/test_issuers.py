"""Issuers are asked within bounds, at checked addresses only, and seldom."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from sites.errors import IssuersBusy, TrustRefused
from sites.identities import issuers
from sites.identities.issuers import IssuerSilent
from sites.outgoing.request import Answer, Destination
from tests.fakes.token_issuer import WELL_KNOWN, TokenIssuer


def test_what_was_fetched_is_kept(issuer: TokenIssuer) -> None:
    for _ in range(3):
        assert issuers.key_of(issuer.issuer, "one").key_id == "one"
    assert issuer.asked == [WELL_KNOWN, "/keys"]
    assert issuers.key_of(issuer.issuer, None).key_id == "one"


def test_a_new_key_is_found_once_it_may_be_looked_for_again(
    issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuers.key_of(issuer.issuer, "one")
    issuer.add_key("two")
    for _ in range(3):
        with pytest.raises(IssuerSilent, match="no key with the id"):
            issuers.key_of(issuer.issuer, "two")
    assert len(issuer.asked) == 2
    monkeypatch.setattr(issuers, "RENEWED_SECONDS", 0.0)
    assert issuers.key_of(issuer.issuer, "two").key_id == "two"
    with pytest.raises(IssuerSilent):
        issuers.key_of(issuer.issuer, None)


def test_an_issuer_that_fails_is_not_asked_again_at_once(issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = issuer.answers.pop(WELL_KNOWN)
    for _ in range(3):
        with pytest.raises(IssuerSilent, match="it answers 404"):
            issuers.key_of(issuer.issuer, "one")
    assert issuer.asked == [WELL_KNOWN]
    issuer.answers[WELL_KNOWN] = whole
    monkeypatch.setattr(issuers, "FAILED_SECONDS", 0.0)
    assert issuers.key_of(issuer.issuer, "one").key_id == "one"


def test_failures_are_remembered_for_longer_and_longer(issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer.answers.clear()
    moment = [time.monotonic()]
    monkeypatch.setattr(issuers, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    asked = []
    for seconds in (0, 19, 2, 39, 2, 79, 2, *[601] * 9, 599):
        moment[0] += seconds
        with pytest.raises(IssuerSilent, match="it answers 404"):
            issuers.key_of(issuer.issuer, "one")
        asked.append(len(issuer.asked))
    assert asked == [1, 1, 2, 2, 3, 3, 4, *range(5, 14), 13]


def test_a_failure_takes_no_keys_away_that_are_kept(issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    issuers.key_of(issuer.issuer, "one")
    issuer.answers.clear()
    monkeypatch.setattr(issuers, "RENEWED_SECONDS", 0.0)
    with pytest.raises(IssuerSilent, match="it answers 404"):
        issuers.key_of(issuer.issuer, "unknown")
    assert issuers.key_of(issuer.issuer, "one").key_id == "one"


def test_nobody_waits_for_a_fetch_of_others(issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    issuers.key_of(issuer.issuer, "one")
    asked, gate = Semaphore(0), Event()

    def fetched(slow: str) -> list[object]:
        asked.release()
        assert gate.wait(60)
        raise IssuerSilent(f"{slow} is slow")

    monkeypatch.setattr(issuers, "_fetched", fetched)
    slow_ones = [f"https://slow-{number}.example" for number in range(issuers.AT_ONCE + 1)]
    with ThreadPoolExecutor(issuers.AT_ONCE) as pool:
        try:
            for one in slow_ones[: issuers.AT_ONCE]:
                pool.submit(issuers.key_of, one, "one")
                assert asked.acquire(timeout=60)
            assert issuers.key_of(issuer.issuer, "one").key_id == "one"
            for one in slow_ones:
                with pytest.raises(IssuersBusy):
                    issuers.key_of(one, "one")
        finally:
            gate.set()
    with pytest.raises(IssuerSilent, match="is slow"):
        issuers.key_of(slow_ones[-1], "one")


def test_both_requests_share_the_time(issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    async def get(to: Destination, *_: object, seconds: float, **__: object) -> Answer:
        given.append(seconds)
        moment[0] += 5
        return Answer(200, json.dumps(issuer.answers[to.target]).encode())

    moment = [time.monotonic()]
    monkeypatch.setattr(issuers, "get", get)
    monkeypatch.setattr(issuers, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    issuers.key_of(issuer.issuer, "one")
    assert given == pytest.approx([issuers.SECONDS, issuers.SECONDS - 5])


@pytest.mark.parametrize(
    ("path", "said", "why"),
    [
        (WELL_KNOWN, {"issuer": "https://other.example", "jwks_uri": "x"}, "names another issuer"),
        (WELL_KNOWN, b"{", "no JSON"),
        (WELL_KNOWN, [], "no JSON object"),
        (WELL_KNOWN, b" " * (issuers.MAX_BYTES + 10), "no JSON within"),
        ("/keys", {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]}, "no key with the id"),
        ("/keys", {"keys": "none"}, "cannot be read"),
        ("/keys", {}, "cannot be read"),
    ],
)
def test_what_is_no_answer_gives_no_key(issuer: TokenIssuer, path: str, said: object, why: str) -> None:
    issuer.answers[path] = said
    with pytest.raises(IssuerSilent, match=why):
        issuers.key_of(issuer.issuer, "one")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/keys", "file:///etc/passwd", "https://u:p@example.org/", ""])
def test_keys_are_fetched_from_allowed_addresses_only(issuer: TokenIssuer, address: str) -> None:
    issuer.answers[WELL_KNOWN]["jwks_uri"] = address
    with pytest.raises(IssuerSilent, match="the address of its keys cannot be taken"):
        issuers.key_of(issuer.issuer, "one")


def test_an_issuer_of_this_machine_is_not_asked(issuer: TokenIssuer, settings: Settings) -> None:
    settings.TRUST_HOSTS = []
    port = issuer.issuer.rpartition(":")[2]
    with pytest.raises(IssuerSilent, match="this machine itself"):
        issuers.key_of(f"https://localhost:{port}", "one")
    assert not issuer.asked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "token.example.org",
        "http://token.example.org",
        "https://a@b.example",
        "https://x.example/?a",
        "https://0x7f",
    ],
)
def test_what_is_no_issuer_is_refused(db: None, text: str) -> None:
    with pytest.raises(TrustRefused, match="is no issuer"):
        issuers.parse(text)


def test_the_issuers_of_the_great_hosts_are_taken() -> None:
    for text in (
        "https://token.actions.githubusercontent.com",
        "https://gitlab.com",
        "https://git.example.org:8443/ci",
    ):
        assert issuers.parse(f" {text} ") == text
