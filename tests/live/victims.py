"""What is killed at a step of a swap, how it comes back, and which failed requests that excuses."""

import math
import os
import signal
import socket
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial

import redis
from django.db import connection

from sites.models import Revision, Step
from sites.runtime.agent import identity
from sites.runtime.agent.identity import Identity
from tests.live.instances import instances, running_process, runtime_of
from tests.live.moments import Moment
from tests.live.postgres import Postgres
from tests.live.system import System, wait_for
from tools.prober.clock import now
from tools.prober.http import user_agent
from tools.prober.records import Record, Trouble
from tools.prober.websocket import WebSocketClient

OUTAGE_SECONDS = 1.0
"""So long may connections be refused when Envoy itself is killed."""
OF_ENVOY = (Trouble.REFUSED, Trouble.BROKEN, Trouble.CUT)
NEWS_SECONDS = 0.1
"""So long it may take a router to hear that a connection has ended; what it sends into it meanwhile is lost as well."""
REVISIONS = 12
"""So many of a site's latest revisions can have been asked by a load …"""
LINES = 5000
"""… and so many lines can an instance have written in it."""


class Victim(ABC):
    """One row of the table, by default one whose end no request may notice."""

    @abstractmethod
    def strike(self, system: System, moment: Moment) -> None:
        """Kill it, while the worker stands still at the moment."""

    def revive(self, system: System) -> None:  # noqa: B027  most victims do not go away
        """Return when it is back; by default it does not go away."""

    def unexcused(self, system: System, records: list[Record]) -> list[Record]:
        """The records without those that could not but fail."""
        return records


class Part(Victim):
    """A process of Greenroom, which `up` starts again."""

    number = signal.SIGKILL

    def __init__(self, name: str) -> None:
        self._name = name
        self._former: Identity

    def strike(self, system: System, moment: Moment) -> None:
        """kill -9."""
        self._former = system.kill(self._name, self.number)

    def revive(self, system: System) -> None:
        """Another one answers for it."""
        system.wait_for_another(self._name, self._former)


class Parts(Victim):
    """Several processes of Greenroom at once, so that none can ask another what is true when it is back."""

    def __init__(self, *names: str) -> None:
        self._parts = [Part(name) for name in names]

    def strike(self, system: System, moment: Moment) -> None:
        """kill -9 of each."""
        for part in self._parts:
            part.strike(system, moment)

    def revive(self, system: System) -> None:
        """All of them answer again."""
        for part in self._parts:
            part.revive(system)


class Envoy(Part):
    """The router: connections end with it, and are refused until it is back."""

    outage_seconds = OUTAGE_SECONDS

    def strike(self, system: System, moment: Moment) -> None:
        """As any part."""
        self._killed_at = now()
        super().strike(system, moment)

    def revive(self, system: System) -> None:
        """Another one accepts connections."""
        super().revive(system)
        wait_for(partial(accepts_connections, system.port), 30, "the router accepts connections")

    def unexcused(self, system: System, records: list[Record]) -> list[Record]:
        """What met it within the outage is excused, what met nobody later is a failure of its own."""
        ends_at = self._killed_at + self.outage_seconds
        late = [one for one in records if one.trouble is Trouble.REFUSED and one.sent_at >= ends_at]
        assert not late, f"connections were refused for {late[-1].sent_at - self._killed_at:.2f} s"
        return [one for one in records if one.trouble not in OF_ENVOY or not self._met(one)]

    def _met(self, record: Record) -> bool:
        return record.sent_at < self._killed_at + self.outage_seconds and ended_at(record) >= self._killed_at


class Up(Victim):
    """The process that started everything; what serves outlives it."""

    def strike(self, system: System, moment: Moment) -> None:
        """kill -9; the control plane ends with it."""
        system.kill_up()

    def revive(self, system: System) -> None:
        """A person starts it again."""
        system.start()


class Memory(Victim):
    """Everything that Redis knows: FLUSHALL."""

    def strike(self, system: System, moment: Moment) -> None:
        """Every message and every sign of life is gone."""
        with redis.Redis(unix_socket_path=str(system.run_dir / "redis.sock")) as client:
            client.flushall()


class Connections(Victim):
    """Every connection to PostgreSQL, ended by the server."""

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def strike(self, system: System, moment: Moment) -> None:
        """Also the one that the worker is in the middle of."""
        assert self._server.cut() > 1
        connection.close()


class Server(Victim):
    """PostgreSQL itself, away while the worker goes on."""

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def strike(self, system: System, moment: Moment) -> None:
        """All connections end, and none is accepted."""
        self._server.crash()
        connection.close()

    def revive(self, system: System) -> None:
        """It has recovered what was committed."""
        self._server.start()


class Instance(Victim):
    """One process of the site: visitors lose what it held in its hands, and nothing else."""

    def __init__(self, *, is_new: bool) -> None:
        """Of what production served before the swap, or `is_new`: of what it is to serve."""
        self._is_new = is_new

    def strike(self, system: System, moment: Moment) -> None:
        """kill -9 of the site's own process inside its sandbox."""
        self._site = moment.operation.held_site
        self._killed = (self._choose(system, moment).pk, 0)
        process = running_process(system, *self._killed)
        self._struck_at = now()
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: identity.identify(process.pid) != process, 60, "the instance is dead", interval=0.001)
        self._gone_at = now()

    def _choose(self, system: System, moment: Moment) -> Revision:
        changes = moment.operation.changes.select_related("revision_before", "revision_after")
        production = changes.get(slot__is_production=True)
        if not self._is_new:
            return production.revision_before
        if moment.step == Step.STARTING:
            moment.release()  # it is ordered only now
            return production.prepared
        if production.revision_after is not None and (production.revision_after.pk, 0) in instances(system):
            return production.revision_after
        return changes.get(slot__is_production=False).revision_before  # nothing new yet: where it is to come from

    def unexcused(self, system: System, records: list[Record]) -> list[Record]:
        """A failed request was in the killed process when it was under way then and no other process began it."""
        began: dict[str, list[float]] = defaultdict(list)
        for revision, ordinal in self._written_lately(system):
            for name, at in begun(runtime_of(system).log_tail(revision, ordinal, lines=LINES)):
                if (revision, ordinal) != self._killed or at > self._gone_at:
                    began[name].append(at)
        return [one for one in records if one.trouble is None or not self._held(one, began[one.connection])]

    def _written_lately(self, system: System) -> list[tuple[int, int]]:
        latest = set(self._site.revisions.order_by("-pk").values_list("pk", flat=True)[:REVISIONS])
        folders = (system.data / "instances" / "revisions").glob("*/*/log")
        found = [(int(path.parent.parent.name), int(path.parent.name)) for path in folders]
        return [key for key in found if key[0] in latest]

    def _held(self, record: Record, began_elsewhere: list[float]) -> bool:
        if record.sent_at > self._gone_at + NEWS_SECONDS:
            return False
        is_under_way = ended_at(record) >= self._struck_at
        return is_under_way and not any(record.sent_at <= at <= ended_at(record) for at in began_elsewhere)


def ended_at(record: Record) -> float:
    """Not after that moment it was under way; of a WebSocket `done_at` is the handshake."""
    return math.inf if record.kind == WebSocketClient.kind else record.done_at


def begun(lines: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Connections and when a request of them was begun, by what the probed application writes."""
    prefix, suffix = user_agent("\0").split("\0")
    for line in lines:
        word, _, rest = line.partition(" ")
        at, _, agent = rest.partition(" ")
        if word == "began" and agent.startswith(prefix):
            yield agent.removeprefix(prefix).removesuffix(suffix), float(at)


def accepts_connections(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
