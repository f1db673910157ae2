"""Random lives of a site on the real system, against the same model as in memory: asked by HTTP, with real deaths."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
from hypothesis.stateful import rule, run_state_machine_as_test

from sites.errors import RuntimeUnreachable
from sites.management.welcome import administrator
from sites.models import Category, Operation, Site, Step
from sites.operations.kind import INTO_SERVICE
from sites.runtime.spec import InstanceState
from sites.services.deployments import publish_zip
from sites.services.settings import save_settings
from sites.services.sites import create_site
from sites.services.slots import enable_staged_publishing
from sites.services.subscriptions import ensure_default
from tests.live import archives
from tests.live.instances import has_no_orphans, instances
from tests.live.moments import standing_still
from tests.live.stage import using
from tests.live.system import System
from tests.live.system import wait_for as wait_until
from tests.lives.asking import AT_FIRST, CONTENT_AT_FIRST, NAMES
from tests.lives.fates import Fate
from tests.lives.model import Place
from tests.lives.rules import Life, wanted_settings
from tools.demo.operations import wait_for

pytestmark = pytest.mark.live

TELLS = f"""
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        told = [open("TEXT").read(), {{name: os.environ[name] for name in {NAMES} if name in os.environ}}]
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
DEATH_STEPS = INTO_SERVICE
NEWS_SECONDS = 60.0
"""So long the routers may take to hear of what has failed."""
SEED = 4
"""Chosen for lives in which much happens."""
LIVES = 12
"""With --all: so many, all but one different each time."""
SETTINGS = hypothesis.settings(max_examples=2, database=None, deadline=None, phases=[hypothesis.Phase.generate])
"""Two lives from a seed, the first without an event. A third could begin as the second did and go on otherwise, because
what a death comes to depends on its moment; Hypothesis takes that for a fault of the test.
"""


class LifeOnTheSystem(Life):
    """Real processes: a visitor asks what is served, and workers are killed at a step."""

    youth = 5

    def __init__(self, system: System, name: str, folder: Path) -> None:
        super().__init__(administrator(), name)
        self.system = system
        self.folder = folder
        self.deaths = 0
        if not Site.objects.filter(name=name).exists():
            self.begin()

    def begin(self) -> None:
        """Have the site as the model begins."""
        user = self.asked_by["acting_user"]
        wait_for(create_site(acting_user=user, subscription=ensure_default(owner=user), name=self.name))
        wait_for(enable_staged_publishing(acting_user=user, site=Site.objects.get(name=self.name)))
        for slot, entries in AT_FIRST.items():
            asked = {"slot": self.slot(slot), "category": Category.APP_SETTINGS, "entries": wanted_settings(entries)}
            wait_for(save_settings(**asked, **self.asked_by))
            text = CONTENT_AT_FIRST[slot]
            values = {"author": "alice", "archive": self.archive(text), "message": text, "deployer": "Portal"}
            wait_for(publish_zip(slot=self.slot(slot), **values, **self.asked_by))

    def teardown(self) -> None:
        """What is left of the site stays, and is as it should be: nothing runs that nobody wants."""
        wait_until(lambda: has_no_orphans(self.system), NEWS_SECONDS, "no instance runs that nobody wants")

    @rule()
    def all_is_quiet(self) -> None:
        """Nobody asks for anything, and nothing may change."""

    def archive(self, text: str) -> Path:
        """See Life."""
        path = self.folder / "content.zip"
        path.write_bytes(archives.zipped(app__py=TELLS, TEXT=text, Procfile=archives.WEB))
        return path

    def carry_out(self, request: Callable[[], Operation], fate: Fate) -> Operation:
        """See Life; where a memory answers badly or refuses, the part that would is killed here, and comes back."""
        with ExitStack() as stack:
            if fate.has_rival or fate.deaths:
                stack.enter_context(standing_still(self.system))
            operation = request()
            if fate.has_rival:
                self.refuse_rival()
        if fate.is_answered_badly:
            self.kill("agent")
        if fate.refused_from:
            self.kill("xds")
        if fate.deaths:
            self.kill_workers(operation, DEATH_STEPS[fate.deaths[0] % len(DEATH_STEPS)])
        wait_until(lambda: not self.is_worked_on(operation), 90, f"nothing is left to do of the {operation}")
        return operation

    def kill(self, part: str) -> None:
        """kill -9, while the operation is worked on."""
        self.system.wait_for_another(part, self.system.kill(part))
        self.deaths += 1

    def kill_workers(self, operation: Operation, step: Step) -> None:
        """kill -9 of every process that works on operations, once this one is at the step or beyond it."""
        order = list(Step)

        def is_there() -> bool:
            return not self.is_worked_on(operation) or order.index(operation.step) >= order.index(step)

        wait_until(is_there, 90, f"the {operation} is at {step}", interval=0.001)
        former = {worker: self.system.kill(worker) for worker in ("worker-control", "worker-work")}
        for worker, identity in former.items():
            self.system.wait_for_another(worker, identity)
        self.deaths += 1

    def is_worked_on(self, operation: Operation) -> bool:
        operation.refresh_from_db()
        return operation.state in Operation.WORKING

    def check_address(self, host: str, place: Place | None, *, count: int) -> None:
        """See Life."""
        name = host.removesuffix(".localhost")
        with self.system.client(name) as visitor:

            def is_met() -> bool:
                answer = visitor.get("/")
                if place is None:
                    return answer.status_code == 404
                if place.served is None:
                    return answer.status_code == 403
                content, settings = place.served
                if content is None:
                    return answer.status_code == 200 and not answer.text.startswith("[")
                return answer.text.startswith("[") and json.loads(answer.text) == [content, settings]

            wait_until(is_met, NEWS_SECONDS, f"{host} serves {place.served if place else None}")
        if place is not None and place.served is not None:
            wait_until(lambda: self.running(name) >= count, NEWS_SECONDS, f"{count} instances of {host} run")

    def running(self, name: str) -> int:
        """How many instances of what is live in that slot accept connections; none while the agent is coming back."""
        slot = self.slot("staging" if name.endswith("-staging") else "production")
        try:
            found = instances(self.system).items()
        except RuntimeUnreachable:
            return 0
        return sum(key[0] == slot.live_revision_id and state == InstanceState.RUNNING for key, state in found)


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> list[int]:
    """Of the lives."""
    more = LIVES - 1 if request.config.getoption("--all") else 0
    return [SEED, *random.sample(range(1_000_000), more)]


@pytest.fixture
def profile(request: pytest.FixtureRequest) -> hypothesis.settings:
    """A short life, or with --all longer ones."""
    steps = 30 if request.config.getoption("--all") else 20
    return hypothesis.settings(SETTINGS, stateful_step_count=steps)


@pytest.fixture
def names() -> Iterator[str]:
    """Of one site after the other."""
    return (f"life-{number}" for number in range(1000))


def test_whatever_happens_visitors_meet_what_the_model_says(
    system: System, profile: hypothesis.settings, seeds: list[int], names: Iterator[str], tmp_path: Path
) -> None:
    lives: list[LifeOnTheSystem] = []

    def begin() -> LifeOnTheSystem:
        is_untouched = bool(lives) and not lives[-1].age  # the first life is the simplest: nothing is asked
        lives.append(LifeOnTheSystem(system, lives[-1].name if is_untouched else next(names), tmp_path))
        return lives[-1]

    with using(system):
        for seed in seeds:
            run_state_machine_as_test(hypothesis.seed(seed)(begin), settings=profile)
    assert sum(life.deaths for life in lives) > 0
