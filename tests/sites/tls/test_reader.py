"""Uploads are read by a process of their own, which may not take long."""

import sys
from datetime import UTC, datetime

import pytest

from sites.errors import CertificateRefused
from sites.tls import reader
from sites.tls.pair import read_pair
from tests.sites.tls.uploads import pfx, upload

NOW = datetime.now(UTC)


def test_what_it_reads_is_what_was_uploaded() -> None:
    content = upload("www.fabrikam.example")
    assert reader.read_upload(content, "", at=NOW) == read_pair(content, "", at=NOW)
    assert reader.read_upload(pfx("a.example", password="pässword"), "pässword", at=NOW).names == ("a.example",)


@pytest.mark.parametrize("content", [b"nonsense", b"x" * 4 * 1024 * 1024], ids=["nonsense", "4 MB"])
def test_its_refusals_arrive(content: bytes) -> None:
    with pytest.raises(CertificateRefused, match="was not taken: it"):
        reader.read_upload(content, "", at=NOW)


def test_what_would_take_too_long_is_ended_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "import resource as r; r.setrlimit(r.RLIMIT_CPU, (1, 1))\nwhile True: pass"
    monkeypatch.setattr(reader, "COMMAND", (sys.executable, "-c", endless))
    with pytest.raises(CertificateRefused, match="it takes too long to read"):
        reader.read_upload(b"x", "", at=NOW)
