"""A process is known by boot, number and start time."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from sites.supervisor.identity import (
    Record,
    digest_of,
    forget_record,
    identity_of,
    parent_of,
    read_record,
    write_record,
)


def test_the_same_process_is_recognised_and_strangers_are_not() -> None:
    identity = identity_of(os.getpid())
    assert identity is not None
    assert identity.is_alive()
    assert not replace(identity, start_ticks=identity.start_ticks - 1).is_alive()
    assert not replace(identity, boot_id="another boot").is_alive()


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    identity = identity_of(child.pid)
    assert identity is not None and identity.is_alive()
    assert parent_of(child.pid) == os.getpid()
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, not reaped
    assert not identity.is_alive()
    child.wait()
    assert identity_of(child.pid) is None


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    identity = identity_of(os.getpid())
    assert identity is not None
    record = Record("envoy", identity, digest_of(["envoy"]), 12.5, restarts=2)
    write_record(tmp_path, record)
    assert read_record(tmp_path, "envoy") == record
    assert [path.name for path in tmp_path.iterdir()] == ["envoy.json"]
    forget_record(tmp_path, "envoy")
    assert read_record(tmp_path, "envoy") is None


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    for damage in ("", "{", "[]", '{"name": "envoy"}', '{"name": "envoy", "identity": {"pid": 1}}'):
        (tmp_path / "envoy.json").write_text(damage)
        assert read_record(tmp_path, "envoy") is None


def test_another_configuration_gives_another_digest() -> None:
    assert digest_of(["envoy", "a"]) == digest_of(["envoy", "a"])
    assert digest_of(["envoy", "a"]) != digest_of(["envoya"])
    assert digest_of(["envoy"], b"one") != digest_of(["envoy"], b"two")
