"""What is asked of the authority, by certbot's library: an account, an order, and its conclusion.

Each function may be called again with the same arguments, whatever became of the call before.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import josepy
import requests
from acme import errors, messages
from acme.client import ClientNetwork, ClientV2
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from sites.acme.shapes import Access, AccountUnknown, AcmeRefused, AcmeUnreachable, Answer, Placed, Proof, kind_for
from sites.plain_text import one_line
from sites.tls.issuing import read_key

NETWORK_SECONDS = 10
"""For one answer of the authority to begin and to go on."""
PROOF_SECONDS, ISSUE_SECONDS = 10.0, 15.0
"""How long one call waits for the authority to look at the proofs, and then to issue. Who calls looks again later."""
POLL_SECONDS = 0.5
LONGEST = 400
AGENT = "greenroom"


def place(access: Access, name: str, key: str) -> Answer:
    """Order a certificate for `name` and the private key `key` (PEM); a wildcard is proven by DNS, all others by HTTP.

    Raises AcmeRefused, AcmeUnreachable, AccountUnknown.
    """
    return _guarded(lambda: _place(access, name, key))


def conclude(access: Access, placed: Placed, name: str, key: str) -> Answer:
    """Have the proofs looked at, and the certificate issued; an answer without chain: not yet.

    Raises AcmeRefused, AcmeUnreachable, AccountUnknown.
    """
    return _guarded(lambda: _conclude(access, placed, name, key))


def renewal_time(access: Access, chain: str) -> datetime | None:
    """When the authority wants the certificate to be renewed (ARI, RFC 9773); None: it does not say.

    Raises AcmeRefused, AcmeUnreachable.
    """
    leaf = x509.load_pem_x509_certificate(chain.encode()).public_bytes(Encoding.PEM)
    found: datetime | None = _guarded(lambda: _connect(access).renewal_time(leaf)[0])
    return found


def _place(access: Access, name: str, key: str) -> Answer:
    client, uri = _with_account(access)
    order = client.new_order(_request(name, key))
    kind = kind_for(name)
    proofs = [_proof(found, kind, _key(access)) for found in order.authorizations if not _is_valid(found)]
    return Answer(uri, Placed(order.uri, order.body.finalize, tuple(proofs)))


def _conclude(access: Access, placed: Placed, name: str, key: str) -> Answer:
    client, uri = _with_account(access)
    deadline = time.monotonic() + PROOF_SECONDS
    account_key, kind = _key(access), kind_for(name)
    asked: set[str] = set()
    while waiting := [proof for proof in placed.proofs if not _is_proven(client, account_key, proof, kind, asked)]:
        if time.monotonic() > deadline:
            return Answer(uri)
        time.sleep(POLL_SECONDS * min(len(waiting), 4))
    body = messages.Order.from_json({"status": "ready", "finalize": placed.finalize, "authorizations": []})
    order = messages.OrderResource(body=body, uri=placed.uri, authorizations=[], csr_pem=_request(name, key))
    try:
        # Without a zone, as the library counts
        done = client.finalize_order(order, datetime.now() + timedelta(seconds=ISSUE_SECONDS))
    except errors.TimeoutError:
        return Answer(uri)
    return Answer(uri, chain=done.fullchain_pem)


def _is_proven(client: ClientV2, account_key: josepy.JWK, proof: Proof, kind: str, asked: set[str]) -> bool:
    """Whether the authority believes it; it is asked to look where it has not begun to. Raises AcmeRefused."""
    identifier = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=proof.name)
    held = messages.AuthorizationResource(uri=proof.authorization, body=messages.Authorization(identifier=identifier))
    found, _ = client.poll(held)
    if _is_valid(found):
        return True
    if found.body.status != messages.STATUS_PENDING:
        raise AcmeRefused(_reason_of(found))
    challenge = _challenge(found, kind)
    if challenge.status == messages.STATUS_PENDING and challenge.uri not in asked:
        asked.add(challenge.uri)
        client.answer_challenge(challenge, challenge.response(account_key))
    return False


def _is_valid(found: messages.AuthorizationResource) -> bool:
    return bool(found.body.status == messages.STATUS_VALID)


def _challenge(found: messages.AuthorizationResource, kind: str) -> messages.ChallengeBody:
    for challenge in found.body.challenges:
        if getattr(challenge.chall, "typ", "") == kind:
            return challenge
    raise AcmeRefused(f"it offers no proof by {kind} for {found.body.identifier.value}")


def _proof(found: messages.AuthorizationResource, kind: str, account_key: josepy.JWK) -> Proof:
    challenge = _challenge(found, kind)
    value = challenge.validation(account_key)
    return Proof(found.body.identifier.value, found.uri, challenge.chall.encode("token"), value)


def _reason_of(found: messages.AuthorizationResource) -> str:
    said = [challenge.error for challenge in found.body.challenges if challenge.error is not None]
    return _said(said[0]) if said else f"it does not believe the proof for {found.body.identifier.value}"


def _with_account(access: Access) -> tuple[ClientV2, str]:
    """A client for the account, which is made if it is not known yet; and the account's URI."""
    client = _connect(access)
    if access.account_uri:
        body = messages.Registration()
        client.net.account = messages.RegistrationResource(uri=access.account_uri, body=body)
        return client, access.account_uri
    values: dict[str, Any] = {"terms_of_service_agreed": True}
    if access.contact:
        values["email"] = access.contact
    if access.binding_id:
        values["external_account_binding"] = messages.ExternalAccountBinding.from_data(
            _key(access).public_key(), access.binding_id, access.binding_key, client.directory
        )
    try:
        account = client.new_account(messages.NewRegistration.from_data(**values))
    except errors.ConflictError as known:
        account = messages.RegistrationResource(uri=known.location, body=messages.Registration())
    client.net.account = account
    return client, account.uri


def _connect(access: Access) -> ClientV2:
    trust: Any = access.trust or True
    net = ClientNetwork(_key(access), alg=josepy.ES256, verify_ssl=trust, user_agent=AGENT, timeout=NETWORK_SECONDS)
    return ClientV2(ClientV2.get_directory(access.directory, net), net)


def _key(access: Access) -> josepy.JWKEC:
    return josepy.JWKEC(key=load_pem_private_key(access.account_key.encode(), None))


def _request(name: str, key: str) -> bytes:
    """The certificate signing request (PEM)."""
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=False)
    return builder.sign(read_key(key), SHA256()).public_bytes(Encoding.PEM)


def _guarded(ask: Callable[[], Any]) -> Any:
    """What `ask` returns; whatever the library and the authority make of it is one of our three exceptions."""
    try:
        return ask()
    except messages.Error as error:
        if error.code == "accountDoesNotExist":
            raise AccountUnknown from error
        if error.code in ("serverInternal", "badNonce"):
            raise AcmeUnreachable(_said(error)) from error
        raise AcmeRefused(_said(error)) from error
    except errors.IssuanceError as error:
        raise AcmeRefused(_said(error.error)) from error
    except requests.RequestException as error:
        raise AcmeUnreachable(_why(error)) from error
    except (errors.Error, josepy.errors.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AcmeUnreachable(f"its answer cannot be used ({type(error).__name__})") from error


def _said(error: messages.Error) -> str:
    told = error.detail or error.description or error.typ
    more = [sub.detail for sub in error.subproblems or () if sub.detail]
    return one_line("; ".join([str(told), *more[:3]]))[:LONGEST].rstrip(". ")


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted by this machine, see ACME_TRUST"
    if isinstance(error, requests.Timeout):
        return f"it did not answer within {NETWORK_SECONDS} s"
    return f"it cannot be reached ({type(error).__name__})"
