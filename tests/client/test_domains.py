"""Domain names, certificates and instances by the client."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from client.exits import Exit
from sites.models import Certificate, CustomDomain, Slot
from tests.sites.tls.uploads import upload

Run = Callable[..., int]


def test_a_name_is_claimed_listed_and_given_up(
    greenroom: Run, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DOMAIN_PROOF = True
    assert greenroom("domains", "add", "contoso", "www.example.org") == Exit.DONE
    assert "www.example.org CNAME contoso.localhost" in capsys.readouterr().out
    assert greenroom("domains", "list", "contoso") == Exit.DONE
    assert "www.example.org\tpending\t" in capsys.readouterr().out
    assert greenroom("domains", "check", "contoso", "www.example.org") == Exit.DONE
    assert greenroom("domains", "remove", "contoso", "other.example") == Exit.REFUSED
    assert greenroom("domains", "remove", "contoso", "WWW.example.org") == Exit.DONE
    assert not CustomDomain.objects.exists()


def test_a_certificate_is_uploaded_and_removed(
    greenroom: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "site.pem"
    file.write_bytes(upload("contoso.localhost"))
    assert greenroom("certificates", "upload", "contoso", str(file)) == Exit.DONE
    number = capsys.readouterr().out.strip()
    assert greenroom("certificates", "list", "contoso", "--json") == Exit.DONE
    assert json.loads(capsys.readouterr().out)[0]["names"] == ["contoso.localhost"]
    assert greenroom("certificates", "remove", "contoso", number) == Exit.DONE
    assert not Certificate.objects.exists()
    file.write_bytes(b"x" * 200_000)
    assert greenroom("certificates", "upload", "contoso", str(file)) == Exit.REFUSED


def test_a_slot_gets_instances(greenroom: Run, slots: tuple[Slot, Slot]) -> None:
    assert greenroom("scale", "contoso", "2") == Exit.DONE
    slots[0].refresh_from_db()
    assert slots[0].instance_count == 2
