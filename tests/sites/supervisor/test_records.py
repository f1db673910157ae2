"""What the run folder remembers of a process comes back as it was, or not at all."""

import os
from pathlib import Path

from sites.runtime.agent.identity import identify
from sites.supervisor.records import Record, digest_of, forget_record, read_record, write_record


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    identity = identify(os.getpid())
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
