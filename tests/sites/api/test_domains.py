"""Domain names, uploaded certificates and TLS of a slot, for programs."""

import base64

from pytest_django import Settings

from sites.models import Certificate, CustomDomain, DomainState, Slot
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of, program_of
from tests.sites.tls.uploads import upload

SLOT = "/sites/contoso/slots/staging"
HOST, PUBLISHING = "contoso-staging.localhost", "contoso-staging.scm.localhost"


def test_a_name_is_claimed_looked_at_and_given_up(
    domain: Domain, program: Program, slots: tuple[Slot, Slot], settings: Settings
) -> None:
    settings.DOMAIN_PROOF = True
    claimed = program.post(f"{SLOT}/domains", {"name": "www.Example.org"})
    said = claimed.json()
    assert (claimed.status_code, said["name"], said["state"]) == (201, "www.example.org", "pending")
    assert said["cname_target"] == HOST and said["txt_name"] == "_greenroom.www.example.org"
    assert said["txt_value"].startswith("greenroom-verification=")
    assert program.get(f"{SLOT}/domains").json()["items"] == [said]
    assert program.post(f"{SLOT}/domains", {"name": "www.example.org"}).json()["code"] == "DomainTaken"
    CustomDomain.objects.update(state=DomainState.FAILED, finding="nothing was found")
    assert program.post(f"{SLOT}/domains/{said['number']}/check").json()["state"] == "pending"
    removed = operation_of(program.delete(f"{SLOT}/domains/{said['number']}"))
    assert removed.outcome == "'contoso (staging)' has given up www.example.org."
    assert program.delete(f"{SLOT}/domains/{said['number']}").status_code == 404


def test_a_name_and_a_certificate_are_taken_once_with_a_key(program: Program, slots: tuple[Slot, Slot]) -> None:
    sent = {"domains": {"name": "www.example.org"}, "certificates/uploaded": {"pem": upload(HOST).decode()}}
    for address, body in sent.items():
        first, again = (program.post(f"{SLOT}/{address}", body, Idempotency_Key=address) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()
        assert "Idempotency-Replayed" not in first and again["Idempotency-Replayed"] == "true"
    program.delete(f"{SLOT}/domains/{CustomDomain.objects.get().pk}")
    gone = program.post(f"{SLOT}/domains", sent["domains"], Idempotency_Key="domains")
    assert gone.status_code == 404 and not CustomDomain.objects.exists()


def test_a_name_of_another_slot_is_not_given_up(program: Program, slots: tuple[Slot, Slot]) -> None:
    claimed = program.post("/sites/contoso/slots/production/domains", {"name": "www.example.org"}).json()
    for method, path in (("DELETE", ""), ("POST", "/check")):
        assert program.ask(method, f"{SLOT}/domains/{claimed['number']}{path}").status_code == 404
    assert CustomDomain.objects.exists()


def test_a_certificate_is_uploaded_bound_and_removed(
    program: Program, slots: tuple[Slot, Slot], settings: Settings
) -> None:
    settings.HTTPS_PORT = 8443
    sent = program.post(f"{SLOT}/certificates/uploaded", {"pem": upload(HOST).decode()})
    said = sent.json()
    assert (sent.status_code, said["names"]) == (201, [HOST])
    assert "PRIVATE" not in sent.content.decode() and "key" not in said
    assert program.get(f"{SLOT}/certificates/uploaded").json()["items"] == [said]
    assert program.get(f"{SLOT}/tls").json()["certificates"] == {HOST: said["number"], PUBLISHING: None}
    changed = {"https_only": True, "certificates": {HOST: None}}
    assert operation_of(program.patch(f"{SLOT}/tls", changed)).state == "succeeded"
    shown = program.get(f"{SLOT}/tls").json()
    assert shown == {"https_only": True, "least_version": "1.2", "certificates": {HOST: None, PUBLISHING: None}}
    operation_of(program.patch(f"{SLOT}/tls", {"least_version": "1.3"}))
    assert program.get(f"{SLOT}/tls").json() == {**shown, "least_version": "1.3"}
    assert program.patch(f"{SLOT}/tls", {"certificates": {"other.example": None}}).status_code == 400
    operation_of(program.delete(f"{SLOT}/certificates/uploaded/{said['number']}"))
    assert not Certificate.objects.exists()


def test_what_is_no_certificate_is_refused(program: Program, slots: tuple[Slot, Slot]) -> None:
    strange = base64.b64encode(b"x").decode()
    for body in ({}, {"pem": "x", "pfx": strange}, {"pfx": "?"}, {"pem": "nonsense"}, {"pfx": strange}):
        refused = program.post(f"{SLOT}/certificates/uploaded", body)
        assert (refused.status_code, refused.json()["code"]) == (400, "CertificateRefused"), body


def test_a_token_for_less_and_a_reader_change_nothing(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    for one in (program_of(domain.alice, "swap"), program_of(domain.bob)):
        assert one.get(f"{SLOT}/domains").status_code == 200
        assert one.post(f"{SLOT}/domains", {"name": "www.example.org"}).status_code == 403
        assert one.post(f"{SLOT}/certificates/uploaded", {"pem": "x"}).status_code == 403
        assert one.patch(f"{SLOT}/tls", {"https_only": False}).status_code == 403
    assert not CustomDomain.objects.exists()
