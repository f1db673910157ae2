"""Buckets fill and empty, in whatever order and by however many at once, and are bounded in number."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db.models import Manager
from hypothesis import given
from hypothesis import strategies as st

from sites.models import LimitBucket
from sites.throttling import buckets
from sites.throttling.buckets import SPAN_SECONDS, Bucket, Limit

ROOT = Path(__file__).parents[3]
FIVE = Limit("five", 5)
pytestmark = pytest.mark.django_db


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(buckets, "time", clock)
    return clock


def take(key: str = "k", limit: Limit = FIVE) -> bool:
    return buckets.take([Bucket(limit, key)]) == 0.0


def test_a_bucket_takes_so_many_and_then_one_for_each_share_of_the_span(clock: Clock) -> None:
    assert [take() for _ in range(6)] == [True] * 5 + [False]
    assert buckets.wait([Bucket(FIVE, "k")]) == pytest.approx(SPAN_SECONDS / 5)
    clock.now += SPAN_SECONDS / 5
    assert [take(), take()] == [True, False]
    clock.now += SPAN_SECONDS
    assert [take() for _ in range(6)] == [True] * 5 + [False]


def test_keys_and_limits_have_buckets_of_their_own(clock: Clock) -> None:
    for _ in range(5):
        take()
    assert take("other") and take("k", Limit("others", 5)) and not take()


def test_nothing_is_taken_from_any_when_one_is_full(clock: Clock) -> None:
    full, free = Bucket(FIVE, "full"), Bucket(FIVE, "free")
    for _ in range(5):
        buckets.take([full])
    before = LimitBucket.objects.filter(number=free.number).first()
    assert buckets.take([free, full]) > 0
    assert LimitBucket.objects.filter(number=free.number).first() == before
    assert [take("free") for _ in range(5)] == [True] * 5


def test_what_is_given_back_can_be_taken_again(clock: Clock) -> None:
    for _ in range(20):
        assert take()
        buckets.give_back([Bucket(FIVE, "k")])
    for _ in range(5):
        take()
    buckets.empty(Bucket(FIVE, "k"))
    assert take()


def test_a_clock_that_is_set_back_closes_no_bucket(clock: Clock) -> None:
    for _ in range(5):
        take()
    clock.now -= 86_400
    assert [take() for _ in range(6)] == [True] * 5 + [False]


@given(st.lists(st.tuples(st.text(max_size=300), st.integers(1, 100)), min_size=1, max_size=30))
def test_every_key_has_one_of_a_fixed_number_of_buckets(keys: list[tuple[str, int]]) -> None:
    for key, most in keys:
        number = Bucket(Limit("any", most), key).number
        assert 0 <= number < buckets.COUNT and number == Bucket(Limit("any", most), key).number


def test_nobody_foretells_which_bucket_a_key_has(settings: object) -> None:
    before = [Bucket(FIVE, str(number)).number for number in range(50)]
    settings.SECRET_KEY = "another installation"
    assert [Bucket(FIVE, str(number)).number for number in range(50)] != before


AT_ONCE = """
import threading, django
django.setup()
from django.db import connection
from sites.throttling.buckets import Bucket, Limit, take
from sites.models import LimitBucket
with connection.schema_editor() as editor:
    editor.create_model(LimitBucket)
start, taken = threading.Barrier(12), []
def run():
    start.wait()
    taken.append(take([Bucket(Limit("five", 5), "k")]) == 0.0)
    connection.close()
threads = [threading.Thread(target=run) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(taken), len(taken))
"""


def test_who_finds_a_bucket_filled_since_is_refused_and_takes_from_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    full, other = Bucket(FIVE, "full"), Bucket(FIVE, "other")
    for _ in range(5):
        buckets.take([full])
    before, wait = [0.0], buckets.wait
    monkeypatch.setattr(buckets, "wait", lambda asked: before.pop() if before else wait(asked))
    assert buckets.take([other, full]) >= 1
    assert wait([other]) == 0 and not LimitBucket.objects.filter(number=other.number).exists()


def test_who_makes_a_row_at_the_same_time_is_not_refused_for_it(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(manager: Manager[LimitBucket], number: int, **_: object) -> tuple[LimitBucket, bool]:
        return manager.create(number=number, empty_at=clock.now + FIVE.share), False

    monkeypatch.setattr(Manager, "get_or_create", overtaken, raising=False)
    assert take()
    assert LimitBucket.objects.get().empty_at == clock.now + 2 * FIVE.share


def test_many_at_once_take_no_more_than_there_is_room_for(tmp_path: Path) -> None:
    """With a database that is a file, as it is for a running portal."""
    environment = {**os.environ, "GREENROOM_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    command = [sys.executable, "-c", AT_ONCE]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["5", "12"], done.stderr
