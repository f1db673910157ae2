"""What the report says of the ways out that were tried."""

import io
import zipfile

from tools.bench.door.escapes import _archive, figures
from tools.escape.probe import Finding, Verdict


def test_only_what_was_refused_is_no_word() -> None:
    findings = [
        Finding("call bpf", "kernel", Verdict.HELD, "EPERM"),
        Finding("the host by its gateway", "network", Verdict.ESCAPED, "it took the connection"),
        Finding("call reboot", "kernel", Verdict.BROKEN, "it ended with -9"),
    ]
    assert figures(findings) == {
        "escapes_tried": 3,
        "escapes_succeeded": 1,
        "escapes_unclear": 1,
        "escapes": ["the host by its gateway: it took the connection", "call reboot: it ended with -9"],
    }


def test_the_attempts_are_a_site_that_starts_them() -> None:
    with zipfile.ZipFile(io.BytesIO(_archive("1"))) as packed:
        assert packed.read("Procfile") == b"web: /usr/bin/python3 -m tools.escape.serve\n"
        assert {"tools/__init__.py", "tools/escape/probe.py"} <= set(packed.namelist())
