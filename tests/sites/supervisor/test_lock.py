"""One `up` per data folder."""

from pathlib import Path

import pytest

from sites.errors import AlreadyUp, NotUp
from sites.supervisor.lock import Holder, UpLock, running_up

HOLDER = Holder(4711, 1_795_394_100.0, "http://localhost:8080", 8080, ("127.0.0.1", "::1"), "strong")


def test_the_second_one_learns_who_holds_the_folder(tmp_path: Path) -> None:
    first = UpLock(tmp_path)
    first.take()
    first.announce(HOLDER)
    with pytest.raises(AlreadyUp) as caught:
        UpLock(tmp_path).take()
    assert str(caught.value) == (
        "Greenroom is already running here since 00:35 UTC (process 4711), portal http://localhost:8080. "
        "Use ./greenroom restart, or another folder with --data."
    )
    assert running_up(tmp_path, tmp_path) == HOLDER
    first.release()


def test_a_folder_that_was_let_go_can_be_taken(tmp_path: Path) -> None:
    first = UpLock(tmp_path)
    first.take()
    first.announce(HOLDER)
    first.release()
    assert not first.is_held()
    second = UpLock(tmp_path)
    second.take()
    assert second.is_held()
    second.release()


def test_what_a_killed_up_announced_does_not_count(tmp_path: Path) -> None:
    UpLock(tmp_path).announce(HOLDER)
    with pytest.raises(NotUp, match=r"Start it: \./greenroom up"):
        running_up(tmp_path, tmp_path)


def test_the_lock_goes_on_over_a_restart(tmp_path: Path) -> None:
    first = UpLock(tmp_path)
    first.take()
    successor = UpLock(tmp_path)
    successor.take(inherited=first.hand_over())
    assert successor.is_held()
    with pytest.raises(AlreadyUp, match="just being started"):
        UpLock(tmp_path).take()
    successor.release()
    assert not successor.is_held()
