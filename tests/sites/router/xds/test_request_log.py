"""The web server log: what stands in a line, where it goes, and that it never takes more than its share."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from envoy.data.accesslog.v3 import accesslog_pb2

from sites.logs import files
from sites.logs.stamps import parted
from sites.router.xds import request_log
from sites.router.xds.request_log import RequestLog, line_of

BEGAN = datetime(2026, 11, 28, 6, 0, 0, tzinfo=UTC)
ORDINALS = {("r12", "10.0.0.2", 8080): 2}


def entry(
    route: str = "7+log", path: str = "/orders?token=secret", cluster: str = "r12", status: int = 200, **flags: bool
) -> accesslog_pb2.HTTPAccessLogEntry:
    made = accesslog_pb2.HTTPAccessLogEntry()
    common = made.common_properties
    common.route_name, common.upstream_cluster = route, cluster
    common.start_time.FromDatetime(BEGAN)
    common.duration.FromTimedelta(timedelta(milliseconds=250))
    common.downstream_wire_bytes_received, common.downstream_wire_bytes_sent = 120, 3400
    if cluster:
        common.upstream_remote_address.socket_address.address = "10.0.0.2"
        common.upstream_remote_address.socket_address.port_value = 8080
    for name, value in flags.items():
        setattr(common.response_flags, name, value)
    made.request.request_method, made.request.path = 1, path
    made.request.request_id = "0a-1b"
    made.response.response_code.value = status
    return made


def text(**changes: object) -> str:
    return line_of(entry(**changes), ORDINALS).decode()


def test_a_line_says_which_version_and_instance_answered_how_and_how_fast() -> None:
    assert text() == "2026-11-28T06:00:00.250Z r12/3 GET /orders 200 250ms in=120 out=3400 id=0a-1b\n"


def test_a_query_is_never_written() -> None:
    assert "secret" not in text(path="/?secret") + text(path="/a?b?secret")


def test_what_the_router_answered_itself_has_no_version() -> None:
    line = text(cluster="", status=503, no_healthy_upstream=True)
    assert parted(line)[1] == "- GET /orders 503 250ms in=120 out=3400 id=0a-1b no_healthy_upstream\n"
    assert parted(text(cluster="portal"))[1].startswith("- GET")


def test_a_path_cannot_begin_a_line_or_another_field() -> None:
    line = text(path="/\n2001-01-01T00:00:00.000Z r1/1 GET /\x1b[2J \u202e" + "x" * 5000)
    assert line.count("\n") == 1
    assert len(line.split(" ")) == 9
    assert "\x1b" not in line and "\u202e" not in line
    assert len(line) < request_log.MAX_PATH + 300


def test_each_slot_has_a_log_of_its_own_and_strange_routes_none(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "requests", lambda: ORDINALS)
    routes = ("7+log", "8+log", "7", "../../etc+log", "")
    asyncio.run(log.take([entry(route) for route in routes]))
    log.close()
    assert {path.name: path.read_text().count("\n") for path in (tmp_path / "requests").iterdir()} == {"7": 2, "8": 1}


def test_more_than_may_be_written_is_counted_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "BURST", 10)
    moment = 0.0
    log = RequestLog(tmp_path, lambda: ORDINALS, clock=lambda: moment)
    asyncio.run(log.take([entry() for _ in range(50)]))
    moment = 1.0
    asyncio.run(log.take([entry()]))
    log.close()
    lines = files.tail(tmp_path / "7", 100)
    assert len(lines) == 12
    assert "left out 40 requests" in lines[-2]


def test_a_full_disk_ends_nothing_and_is_said_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RequestLog(tmp_path, lambda: ORDINALS)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "append", full)
        asyncio.run(log.take([entry(), entry()]))
    asyncio.run(log.take([entry()]))
    log.close()
    lines = files.tail(tmp_path / "7", 100)
    assert len(lines) == 2
    assert "left out 2 requests" in lines[0]
