"""The TXT record of a proof by DNS: written by dynamic update, or by a program of the installation."""

from pathlib import Path

import pytest

from sites.acme import records
from sites.acme.records import Place, RecordRefused
from tests.fakes.dns_server import KEY, KEY_NAME, dns_server

SOA = {("fabrikam.example", "SOA"): ["ns.fabrikam.example. admin.fabrikam.example. 1 2 3 4 5"]}
RECORD = ("_acme-challenge.www.fabrikam.example", "TXT")
NAME = "www.fabrikam.example"


def test_a_record_is_added_beside_others_and_removed_alone() -> None:
    with dns_server({**SOA, RECORD: ['"of somebody else"']}) as server:
        place = Place(server.address, KEY_NAME, KEY)
        records.add(place, NAME, "one", {})
        records.add(place, NAME, "two", {})
        records.add(place, NAME, "two", {})
        assert server.records[RECORD] == ['"of somebody else"', '"one"', '"two"']
        records.remove(place, NAME, "one", {})
        records.remove(place, NAME, "one", {})
        assert server.records[RECORD] == ['"of somebody else"', '"two"']


def test_a_server_that_knows_another_key_or_no_such_zone_is_named() -> None:
    with dns_server(dict(SOA)) as server:
        with pytest.raises(RecordRefused, match=f"the DNS server {server.address} does not take the record"):
            records.add(Place(server.address, KEY_NAME, "b3RoZXI="), NAME, "one", {})
        with pytest.raises(RecordRefused, match="REFUSED"):
            records.add(Place(server.address), NAME, "one", {})
        with pytest.raises(RecordRefused, match="it has no zone for it"):
            records.add(Place(server.address, KEY_NAME, KEY), "www.contoso.example", "one", {})
        assert RECORD not in server.records


def test_a_server_that_is_not_there_is_a_reason() -> None:
    for address in ("127.0.0.1:1", "nonsense"):
        with pytest.raises(RecordRefused, match=f"the DNS server {address} does not take the record"):
            records.add(Place(address), NAME, "one", {})


def hook(folder: Path, text: str) -> str:
    path = folder / "hook"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_program_gets_verb_name_and_value_and_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_DNS_KEY", "a secret")
    program = hook(tmp_path, f'echo "$@ ${{ACME_DNS_KEY:-nothing}} $HOME" >> {tmp_path}/said')
    records.add(Place(hook=program), NAME, "one", {"HOME": "/h"})
    records.remove(Place(hook=program), NAME, "one", {})
    said = (tmp_path / "said").read_text().splitlines()
    assert [line.strip() for line in said] == [f"add {RECORD[0]} one nothing /h", f"remove {RECORD[0]} one nothing"]


def test_what_a_program_says_when_it_fails_is_the_reason(tmp_path: Path) -> None:
    program = hook(tmp_path, "printf 'no\\033[2J such zone' >&2; exit 3")
    with pytest.raises(RecordRefused, match=r"ended with code 3: no\\x1b\[2J such zone"):
        records.add(Place(hook=program), NAME, "one", {})
    with pytest.raises(RecordRefused, match="cannot be run"):
        records.add(Place(hook=str(tmp_path / "nowhere")), NAME, "one", {})


def test_a_program_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "HOOK_SECONDS", 0.2)
    with pytest.raises(RecordRefused, match="has not ended within"):
        records.add(Place(hook=hook(tmp_path, "exec sleep 60")), NAME, "one", {})
