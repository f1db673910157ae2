"""Only a token that its issuer has signed, for this audience and for now, is genuine."""

import base64
import json
import time

import jwt
import pytest

from sites.identities import tokens
from sites.identities.tokens import TokenFault
from tests.fakes.token_issuer import TokenIssuer


def check(issuer: TokenIssuer, text: str) -> tokens.Identity:
    return tokens.verified(text, issuer=issuer.issuer, audience="greenroom")


def encoded(said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def test_a_genuine_token_is_taken(issuer: TokenIssuer) -> None:
    identity = check(issuer, issuer.token(repository="acme/site", aud=["other", "greenroom"]))
    assert identity.claims["repository"] == "acme/site"
    assert tokens.issuer_of(issuer.token()) == issuer.issuer


@pytest.mark.parametrize(
    ("claims", "times"),
    [
        ({"aud": "another"}, {}),
        ({"aud": None}, {}),
        ({"iss": "https://other.example"}, {}),
        ({"exp": None}, {}),
        ({"iat": None}, {}),
        ({}, {"exp": -3600}),
        ({}, {"iat": 3600}),
        ({}, {"nbf": 3600}),
        ({}, {"exp": 90_000}),
        ({}, {"exp": 600, "iat": -90_000}),
    ],
    ids=str,
)
def test_what_is_not_for_here_and_now_is_refused(
    issuer: TokenIssuer, claims: dict[str, object], times: dict[str, int]
) -> None:
    """`times` are seconds from now, since every process of the tests must collect the same names."""
    claims = claims | {name: int(time.time()) + seconds for name, seconds in times.items()}
    with pytest.raises(TokenFault):
        check(issuer, issuer.token(**claims))


def test_no_other_signature_is_taken(issuer: TokenIssuer) -> None:
    head, body, signature = issuer.token().split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    none = f"{encoded({'alg': 'none', 'kid': 'one'})}.{body}."
    public = jwt.algorithms.RSAAlgorithm.to_jwk(issuer.keys["one"].public_key())
    shared = jwt.encode(said, public[:64], algorithm="HS256", headers={"kid": "one"})
    changed = f"{head}.{encoded({**said, 'repository': 'evil/site'})}.{signature}"
    other = f"{encoded({'alg': 'ES256', 'kid': 'one'})}.{body}.{signature}"
    for text in (none, shared, changed, other, f"{head}.{body}.", "", "a.b.c", "x" * 20_000):
        with pytest.raises(TokenFault):
            tokens.issuer_of(text)
            check(issuer, text)


def test_a_token_is_known_again_by_its_name_or_itself(issuer: TokenIssuer) -> None:
    named = [check(issuer, issuer.token(jti="1", run=number)).digest for number in range(2)]
    plain = [check(issuer, issuer.token(run=number)).digest for number in range(2)]
    assert len(set(named)) == 1 and len({*named, *plain}) == 3


@pytest.mark.parametrize("name", ["\ud800", "a\udfff", "a\x00"])
def test_halves_of_characters_are_no_names(issuer: TokenIssuer, name: str) -> None:
    with pytest.raises(TokenFault, match="jti"):
        check(issuer, issuer.token(jti=name))
    with pytest.raises(TokenFault, match="names no issuer"):
        tokens.issuer_of(issuer.token(iss=f"https://{name}.example"))
    unknown = encoded({"alg": name}) + "." + issuer.token().partition(".")[2]
    with pytest.raises(TokenFault) as fault:
        check(issuer, unknown)
    assert str(fault.value).isprintable()


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_endless_times_are_refused(issuer: TokenIssuer, claim: str) -> None:
    with pytest.raises(TokenFault):
        check(issuer, issuer.token(**{claim: float("inf")}))
