"""A log line is one event, whatever strangers put into it."""

import logging
import logging.config
import time

import pytest

from sites.log_lines import LineFormatter, configuration


def line(message: str, *arguments: object, error: Exception | None = None) -> str:
    exc_info = (type(error), error, None) if error else None
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, message, arguments, exc_info)
    return LineFormatter().format(record)


def test_a_stranger_cannot_act_on_a_terminal_or_begin_a_line() -> None:
    said = line("Not Found: %s", "/\x1b[31m\r\n2026-11-27 00:00:00,000 INFO root all is well\u2028more")
    first, *rest = said.split("\n")
    assert first.endswith(r"WARNING django.request Not Found: /\x1b[31m\x0d")
    assert rest == ["    | 2026-11-27 00:00:00,000 INFO root all is well\\u2028more"]


def test_a_traceback_stands_below_its_event() -> None:
    said = line("failed", error=ValueError("first\n2026 INFO forged\x07")).split("\n")
    assert said[0].endswith("failed")
    assert all(row.startswith("    | ") for row in said[1:])
    assert r"forged\x07" in said[-1]


@pytest.mark.parametrize("folder", ["/welcome/", "/sign-in/forgotten/", "/settings/account/mail/"])
def test_no_line_has_a_one_time_link(folder: str) -> None:
    token = "WzEsImEiXQ:1abc:x-y_z"
    assert line("Bad Request: %s", f"{folder}{token}/").endswith(f"Bad Request: {folder}[token]/")
    assert token not in line("failed", error=ValueError(f"{folder}{token}/"))


def test_every_logger_writes_such_lines(capsys: pytest.CaptureFixture[str]) -> None:
    former = logging.getLogger().handlers[:]
    try:
        logging.config.dictConfig(configuration("INFO"))
        logging.getLogger("somewhere").warning("a\x1bb")
        assert r"a\x1bb" in capsys.readouterr().err
    finally:
        logging.getLogger().handlers[:] = former


def test_times_are_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        record = logging.LogRecord("name", logging.INFO, __file__, 1, "said", (), None)
        record.created, record.msecs = 1_795_394_100.5, 500.0
        assert LineFormatter().format(record) == "2026-11-23T00:35:00.500Z INFO name said"
    finally:
        monkeypatch.undo()
        time.tzset()
