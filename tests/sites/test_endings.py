"""How a process ended, in words."""

import pytest

from sites.endings import how_ended
from sites.runtime.spec import EndReason


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (3, "ended with code 3"),
        (126, "ended with code 126 (what it was to run is not executable)"),
        (127, "ended with code 127 (a command was not found)"),
        (137, "ended with code 137 (it was killed: signal 9, SIGKILL)"),
        (139, "ended with code 139 (it crashed: signal 11, SIGSEGV)"),
        (143, "ended with code 143 (signal 15, SIGTERM)"),
        (255, "ended with code 255"),
    ],
)
def test_an_exit_code_has_its_meaning(code: int | None, said: str) -> None:
    assert how_ended(code, EndReason.NONE, memory_mb=512) == said


def test_each_limit_is_named() -> None:
    for reason in EndReason:
        assert ("because" in how_ended(137, reason, memory_mb=512)) == bool(reason)
    assert how_ended(137, EndReason.HANG, memory_mb=512).endswith("it did not accept connections any more")
    assert "all of its 1,024 MB" in how_ended(137, EndReason.MEMORY, memory_mb=1024)
