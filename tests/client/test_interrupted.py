"""Ctrl-C says that an operation goes on only where one was begun."""

from collections.abc import Callable

import pytest

from client.exits import INTERRUPTED
from sites.models import Operation
from tests.client.conftest import InProcess

Run = Callable[..., int]


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_before_an_operation_nothing_is_said_of_one(
    greenroom: Run, wire: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.before = [_interrupt]
    assert greenroom("status", "contoso") == INTERRUPTED
    assert capsys.readouterr().err.strip() == "Stopped here."


def test_an_operation_that_was_begun_goes_on(
    greenroom: Run, wire: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.before = [lambda: None, _interrupt]
    assert greenroom("swap", "contoso") == INTERRUPTED
    assert "The operation is still running; see greenroom status contoso." in capsys.readouterr().err
    assert Operation.objects.filter(kind="swap", state__in=Operation.WORKING).exists()
