"""The web server's own log lines are like all others."""

import logging
import sys

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from sites.log_lines import LineFormatter
from sites.supervisor import web


def test_the_web_server_logs_such_lines(capsys: pytest.CaptureFixture[str]) -> None:
    former = logging.getLogger().handlers[:]
    config = Config()
    for name in ("errorlog", "logconfig_dict"):
        config.set(name, getattr(web, name))
    try:
        log = Logger(config).error_log
        (handler,) = log.handlers
        assert isinstance(handler.formatter, LineFormatter)
        handler.setStream(sys.stderr)
        log.warning("Invalid request from ip=%s: %s", "::1", "/\x1b[31m")
        assert r"Invalid request from ip=::1: /\x1b[31m" in capsys.readouterr().err
    finally:
        logging.getLogger().handlers[:] = former
