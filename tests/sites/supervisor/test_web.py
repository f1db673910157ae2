"""The web server's own log lines are like all others."""

import logging
import sys

import pytest

from portal.asgi import make_door
from sites.log_lines import LineFormatter
from sites.supervisor import web


def test_the_web_server_logs_such_lines(capsys: pytest.CaptureFixture[str]) -> None:
    web.configuration(make_door())
    log = logging.getLogger("uvicorn.error")
    (handler,) = (one for one in logging.getLogger().handlers if isinstance(one.formatter, LineFormatter))
    assert (log.handlers, log.propagate) == ([], True)
    former = handler.setStream(sys.stderr)
    try:
        log.warning("Invalid request from ip=%s: %s", "::1", "/\x1b[31m")
        assert r"Invalid request from ip=::1: /\x1b[31m" in capsys.readouterr().err
    finally:
        handler.setStream(former)
