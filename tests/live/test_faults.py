"""kill -9 and SIGSTOP of every part of Greenroom at every step of a swap: nobody notices, and the swap ends by itself.

So it is with a preview that waits, a roll-back inside its window, and a drain. Every cell of the table is one test. By
default those of the steps around the switch run, a third of those before it, and one of each other course, chosen by
the commit; `--all` runs all.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from sites.models import Operation, SlotHold, Step
from tests.live.courses import Course, Drain, Preview, RollBack, Swap
from tests.live.hanging import Hanging, HangingEnvoy, HangingUp
from tests.live.instances import has_no_orphans, is_complete
from tests.live.postgres import Postgres
from tests.live.stage import assert_unnoticed, marks, stage, using, versions, visitors
from tests.live.system import ROOT, System, wait_for
from tests.live.victims import (
    Connections,
    Envoy,
    Instance,
    Memory,
    Part,
    Parts,
    Server,
    Up,
    Victim,
)
from tools.demo.staged_site import StagedSite
from tools.prober.analysis import analyse
from tools.prober.load import Load
from tools.prober.records import Record

pytestmark = pytest.mark.live

ON_SQLITE: dict[str, Callable[[], Victim]] = {
    "up": Up,
    "worker-control": partial(Part, "worker-control"),
    "worker-work": partial(Part, "worker-work"),
    "web": partial(Part, "web"),
    "beat": partial(Part, "beat"),
    "xds": partial(Part, "xds"),
    "forkserver": partial(Part, "forkserver"),
    "envoy": partial(Envoy, "envoy"),
    "agent": partial(Part, "agent"),
    "agent and xds": partial(Parts, "agent", "xds"),
    "instance of production": partial(Instance, is_new=False),
    "instance for production": partial(Instance, is_new=True),
    "redis": partial(Part, "redis"),
    "memory of redis": Memory,
}
HANGING: dict[str, Callable[[], Victim]] = {
    "up": HangingUp,
    "worker-control": partial(Hanging, "worker-control"),
    "worker-work": partial(Hanging, "worker-work"),
    "web": partial(Hanging, "web"),
    "beat": partial(Hanging, "beat"),
    "xds": partial(Hanging, "xds"),
    "forkserver": partial(Hanging, "forkserver"),
    "envoy": partial(HangingEnvoy, "envoy"),
    "agent": partial(Hanging, "agent"),
    "redis": partial(Hanging, "redis"),
}
ON_POSTGRES: dict[str, Callable[[Postgres], Victim]] = {
    "connections to PostgreSQL": Connections,
    "PostgreSQL": Server,
}
AROUND_SWITCH = (Step.SWITCHED, Step.ROUTES_ACKNOWLEDGED)
BEFORE = (Step.REQUESTED, Step.PREPARING, Step.STARTING, Step.WARMING, Step.ROUTES_OFFERED)
PARTS = ("up", "worker-control", "xds", "envoy", "agent", "redis", "memory of redis")
OTHERS: tuple[tuple[tuple[str, ...], dict[str, Callable[[], Course]]], ...] = (
    (
        (*PARTS, "beat", "instance for production"),
        {
            "while a preview is being shown": partial(Preview, is_completed=True, is_waiting=False),
            "while a preview waits for COMPLETE": partial(Preview, is_completed=True),
            "while a preview waits for CANCEL": partial(Preview, is_completed=False),
        },
    ),
    (
        (*PARTS, "forkserver", "instance for production"),
        {f"at {step} of a roll-back": partial(RollBack, step) for step in AROUND_SWITCH},
    ),
    (
        (*PARTS, "beat", "instance of production"),
        {
            "during a drain": partial(Drain, limit_seconds=60, is_outlasted=False),
            "during a drain beyond its limit": partial(Drain, limit_seconds=6, is_outlasted=True),
        },
    ),
)
"""Victims that can make a difference to them, and courses."""
OWN_MARKS = ("production", "staging")
REQUESTS = 20
"""So many are answered before anything is killed."""


def commit_number() -> int:
    """Chooses which cells run by default."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return int(found.stdout.strip() or "0", 16)


def cells(victims: dict[str, Callable[..., Victim]]) -> list[object]:
    """Their part of the steps of a swap; no part is killed twice in a row."""
    around, before = ({f"at {step}": partial(Swap, step) for step in steps} for steps in (AROUND_SWITCH, BEFORE))
    return [*group(victims, around), *group(victims, before, one_in=3)]


def hanging_cells() -> list[object]:
    """Every part hangs once at a step around the switch; the others are long."""
    steps = {f"at {step}": partial(Swap, step) for step in (*AROUND_SWITCH, *BEFORE)}
    return [
        pytest.param(victim, course, id=f"{victim} hangs {when}", marks=() if is_chosen else (pytest.mark.long,))
        for row, victim in enumerate(HANGING)
        for column, (when, course) in enumerate(steps.items())
        for is_chosen in [column == (commit_number() + row) % len(AROUND_SWITCH)]
    ]


def other_cells() -> list[object]:
    """Of each of the groups one cell runs by default, and never with the victim of another's."""
    return [
        one
        for number, (victims, courses) in enumerate(OTHERS)
        for one in group(victims, courses, one_in=len(victims) * len(courses), after=2 * number)
    ]


def other_cells_on_postgres() -> list[object]:
    """The same courses, of which one cell runs by default."""
    courses = {when: course for _victims, courses in OTHERS for when, course in courses.items()}
    return list(group(ON_POSTGRES, courses, one_in=len(ON_POSTGRES) * len(courses)))


def group(
    victims: Iterable[str], courses: dict[str, Callable[[], Course]], *, one_in: int = 1, after: int = 0
) -> Iterator[object]:
    """The cells of victims in courses; one in `one_in`, chosen by the commit, runs by default, the others are long."""
    chosen = (commit_number() + after) % one_in
    table = ((victim, when) for when in courses for victim in victims)
    for number, (victim, when) in enumerate(table):
        length = () if number % one_in == chosen else (pytest.mark.long,)
        yield pytest.param(victim, courses[when], id=f"{victim} {when}", marks=length)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL for this table."""
    server = Postgres()
    yield server
    server.destroy()


@contextmanager
def running(blocker: DjangoDbBlocker, **environment: str) -> Iterator[System]:
    """A system with the key of these tests, which read what is encrypted."""
    data = Path(tempfile.mkdtemp(prefix="greenroom-live-"))
    shutil.copy(settings.DATA_DIR / "secret.key", data)
    system = System(data, blocker, environment)
    try:
        system.start()
        yield system
    finally:
        system.destroy()


@pytest.fixture(scope="module")
def on_postgres(server: Postgres, django_db_blocker: DjangoDbBlocker) -> Iterator[System]:
    """A system whose database it is."""
    with running(django_db_blocker, DATABASE_URL=server.url) as system:
        yield system


@pytest.fixture(scope="module")
def on_sqlite(django_db_blocker: DjangoDbBlocker) -> Iterator[System]:
    """A system of this file alone, so that no other test meets what a kill leaves behind."""
    with running(django_db_blocker) as system:
        yield system


@pytest.fixture
def system(on_sqlite: System) -> Iterator[System]:
    """The same, up again if a cell that failed left it without its `up`."""
    if on_sqlite.up is None or on_sqlite.up.poll() is not None:
        on_sqlite.start()
    yield on_sqlite
    on_sqlite.remember()


@pytest.mark.parametrize(("victim", "course"), cells(ON_SQLITE) + other_cells())
def test_what_is_killed_costs_no_request_and_the_swap_tells_the_truth(
    system: System, victim: str, course: Callable[[], Course]
) -> None:
    strike(system, ON_SQLITE[victim](), course())


@pytest.mark.parametrize(("victim", "course"), hanging_cells())
def test_what_hangs_is_replaced_and_costs_no_request(system: System, victim: str, course: Callable[[], Course]) -> None:
    strike(system, HANGING[victim](), course())


@pytest.mark.parametrize(("victim", "course"), cells(ON_POSTGRES) + other_cells_on_postgres())
def test_a_lost_database_costs_no_request_and_the_swap_tells_the_truth(
    on_postgres: System, server: Postgres, victim: str, course: Callable[[], Course]
) -> None:
    strike(on_postgres, ON_POSTGRES[victim](server), course())


def strike(system: System, victim: Victim, course: Course) -> None:
    """One cell: every swap starts instances of its own."""
    with using(system):
        site = stage(system, "faulty")
        site.begins_with = versions(system, site)  # a cell that failed before leaves no false record of the site
        course.furnish(site)
        records, operation = struck(system, site, victim, course)
        assert_unnoticed(analyse(records, course.expectation(site)), at_least=REQUESTS)
        assert versions(system, site) == site.serves, operation.outcome
        wait_for(lambda: marks(system, site) == OWN_MARKS, 15, "each slot has its own settings")
        assert not SlotHold.objects.filter(slot__site__name=site.name).exists()
        wait_for(lambda: has_no_orphans(system), 15, "no instance runs that nobody wants")
        wait_for(lambda: is_complete(system, site.name), 45, "every instance that is wanted runs")


def struck(system: System, site: StagedSite, victim: Victim, course: Course) -> tuple[list[Record], Operation]:
    """What visitors saw of a course in which the victim is killed, less what is excused; and its operation."""
    with Load(visitors(site, is_light=True)) as load, Load(course.holders(site)) as held:
        wait_for(lambda: load.count >= REQUESTS, 60, "visitors are there", interval=0.01)
        moment = course.reach(system, site)
        try:
            victim.strike(system, moment)
        finally:
            moment.release()
        victim.revive(system)
        course.end(system, site, moment, held)
    records = victim.unexcused(system, load.records + held.records)
    return course.unexcused(moment, records), moment.operation
