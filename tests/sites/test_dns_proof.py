"""What DNS proves, and that nothing it answers does harm."""

from collections.abc import Iterator

import pytest

from sites import dns_proof
from sites.dns_proof import Finding, Wanted, look, resolver_for
from tests.fakes.dns_server import SILENCE, DnsServer, dns_server

WWW = Wanted("www.fabrikam.example", "contoso.sites.example", "_greenroom.www.fabrikam.example", "proof=1")
WILD = Wanted("*.fabrikam.example", "contoso.sites.example", "_greenroom.fabrikam.example", "proof=1")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DnsServer]:
    """Without records at first; a record that is silent is given up soon."""
    monkeypatch.setattr(dns_proof, "LOOKUP_SECONDS", 0.2)
    with dns_server({}) as server:
        yield server


def asked(server: DnsServer, wanted: Wanted = WWW) -> Finding:
    return look(wanted, resolver_for([server.address]))


@pytest.mark.parametrize("target", ["contoso.sites.example.", "CONTOSO.Sites.Example."])
def test_a_cname_to_the_slot_proves_a_name(server: DnsServer, target: str) -> None:
    server.records["www.fabrikam.example", "CNAME"] = [target]
    assert asked(server).is_proven


def test_a_text_record_proves_a_name_also_among_others_and_in_parts(server: DnsServer) -> None:
    server.records["_greenroom.www.fabrikam.example", "TXT"] = ['"v=spf1 -all"', '"proof" "=1"']
    assert asked(server).is_proven


def test_of_a_wildcard_both_records_stand_at_names_that_dns_knows(server: DnsServer) -> None:
    server.records["*.fabrikam.example", "CNAME"] = ["contoso.sites.example."]
    assert asked(server, WILD).is_proven
    server.records.clear()
    server.records["_greenroom.fabrikam.example", "TXT"] = ['"proof=1"']
    assert asked(server, WILD).is_proven


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({}, "CNAME none, the name does not exist; TXT none, the name does not exist"),
        ({("www.fabrikam.example", "A"): ["192.0.2.1"]}, "CNAME none; TXT none, the name does not exist"),
        ({("www.fabrikam.example", "CNAME"): ["other.example."]}, "CNAME other.example.; TXT none"),
        ({("_greenroom.www.fabrikam.example", "TXT"): ['"proof=2"']}, "TXT proof=2"),
        ({("www.fabrikam.example", "CNAME"): [SILENCE]}, "CNAME no answer within 0.2 s"),
        ({("_greenroom.www.fabrikam.example", "CNAME"): ["_greenroom.www.fabrikam.example."]}, "TXT no"),
    ],
    ids=["no name", "no record", "another target", "another text", "no answer", "a loop"],
)
def test_anything_else_is_said_with_what_was_expected(
    server: DnsServer, records: dict[tuple[str, str], list[str]], said: str
) -> None:
    server.records.update(records)
    finding = asked(server)
    assert not finding.is_proven
    assert "Expected: www.fabrikam.example CNAME contoso.sites.example, or" in finding.sentence
    assert said in finding.sentence


def test_a_long_answer_is_cut(server: DnsServer) -> None:
    texts = [f'"{"x" * 200}{number}"' for number in range(15)]
    server.records["_greenroom.www.fabrikam.example", "TXT"] = texts
    assert len(asked(server).sentence) < 600


def test_a_slot_that_is_being_deleted_is_proven_by_no_cname(server: DnsServer) -> None:
    server.records["www.fabrikam.example", "CNAME"] = ["."]
    gone = Wanted(WWW.name, "", WWW.text_name, WWW.text)
    assert not asked(server, gone).is_proven


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:5353", "[::1]:5353", "::1"])
def test_resolvers_are_addresses_with_or_without_a_port(address: str) -> None:
    (server,) = resolver_for([address]).nameservers
    assert server.address in address


@pytest.mark.parametrize("address", ["dns.example", "127.0.0.1:port", ""])
def test_anything_else_is_no_resolver(address: str) -> None:
    with pytest.raises(ValueError):
        resolver_for([address, address])
