"""What is under way when something is killed, how it is brought there, and how it has to end."""

from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial

from sites.models import Operation, OperationState, Revision, RevisionState, Slot, Step
from sites.services.operations import cancel
from sites.services.rollback import request_roll_back
from sites.services.swaps import complete_swap, request_swap
from tests.live.instances import runtime_of
from tests.live.moments import Moment, hold_at, worker_processes
from tests.live.stage import marks
from tests.live.system import System, wait_for
from tests.live.victims import LINES, begun
from tools.demo.operations import wait_for as wait_until_done
from tools.demo.staged_site import StagedSite
from tools.prober.analysis import Expectation
from tools.prober.clock import now
from tools.prober.load import Load
from tools.prober.records import Record, Trouble
from tools.prober.websocket import WebSocketClient

RECOVERY_SECONDS = 60.0
"""So long after the return of what was killed everything may take."""


class Course(ABC):
    """One thing that happens to a site; by default nothing is kept for a roll-back."""

    window_seconds = 0
    drain_limit_seconds = 30

    def furnish(self, site: StagedSite) -> None:
        """Give both slots of the site what the course needs."""
        Slot.objects.filter(site__name=site.name).update(
            rollback_window_seconds=self.window_seconds, drain_limit_seconds=self.drain_limit_seconds
        )

    def holders(self, site: StagedSite) -> list[WebSocketClient]:
        """Visitors who hold on to what they have begun, from before the course until it lets them go."""
        return []

    @abstractmethod
    def reach(self, system: System, site: StagedSite) -> Moment:
        """Begin it, and return at the moment of the death."""

    @abstractmethod
    def end(self, system: System, site: StagedSite, moment: Moment, held: Load) -> None:
        """Return when it has ended, after what was killed is back; what was switched is noted as a swap of the site.

        `held` are its holders.
        """

    def unexcused(self, moment: Moment, records: list[Record]) -> list[Record]:
        """The records without those that the course itself has made fail."""
        return records

    def expectation(self, site: StagedSite) -> Expectation:
        """What visitors must have seen."""
        return site.expectation


class Swap(Course):
    """At a step of a swap, with its worker in the middle of it."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def reach(self, system: System, site: StagedSite) -> Moment:
        """See Course."""
        return hold_at(system, site, self._step, site.request_swap)

    def end(self, system: System, site: StagedSite, moment: Moment, held: Load) -> None:
        """In whichever way: what is served then tells whether the operation says the truth."""
        operation = ended(moment.operation)
        if operation.state == OperationState.SUCCEEDED:
            site.note_swap(operation, moment.requested_at)


class RollBack(Course):
    """At a step behind the switch of a roll-back inside its window."""

    window_seconds = 600

    def __init__(self, step: Step) -> None:
        self._step = step

    def reach(self, system: System, site: StagedSite) -> Moment:
        """See Course."""

        def swap() -> None:
            self._former = serving(site)
            site.swap()

        def request() -> Operation:
            return request_roll_back(acting_user=site.user, site=site.production.site)

        return hold_at(system, site, self._step, request, before=swap)

    def end(self, system: System, site: StagedSite, moment: Moment, held: Load) -> None:
        """Well, and with what was kept."""
        operation = ended(moment.operation)
        assert operation.state == OperationState.SUCCEEDED, operation.outcome
        site.note_swap(operation, moment.requested_at)
        assert serving(site) == self._former


class Preview(Course):
    """While a preview waits for somebody, who answers once everything is back."""

    def __init__(self, *, is_completed: bool, is_waiting: bool = True) -> None:
        """The answer is COMPLETE, or CANCEL; not `is_waiting`: while it is being shown, with its worker at it."""
        self._is_completed = is_completed
        self._is_waiting = is_waiting

    def reach(self, system: System, site: StagedSite) -> Moment:
        """See Course."""
        self._former = serving(site)
        request = partial(request_swap, source=site.staging, target=site.production, with_preview=True)
        if not self._is_waiting:
            return hold_at(system, site, Step.PREPARED, partial(request, acting_user=site.user))
        requested_at = now()
        operation = request(acting_user=site.user)
        wait_for(partial(has_state, operation, OperationState.WAITING), 30, "the preview waits", interval=0.01)
        return Moment(operation, Step.PREPARED, requested_at, worker_processes(system))

    def end(self, system: System, site: StagedSite, moment: Moment, held: Load) -> None:
        """Until then it waits and shows what production will serve."""
        operation, waits = moment.operation, partial(has_state, moment.operation, OperationState.WAITING)
        assert self._is_waiting <= waits(), operation.outcome
        wait_for(waits, RECOVERY_SECONDS, "the preview waits")
        assert marks(system, site) == ("production", "production")
        answered_at = now()
        if self._is_completed:
            complete_swap(acting_user=site.user, operation=operation)
            assert ended(operation).state == OperationState.SUCCEEDED, operation.outcome
            site.note_swap(operation, answered_at)
        else:
            cancel(acting_user=site.user, operation=operation)
            assert ended(operation).state == OperationState.CANCELLED, operation.outcome
            assert serving(site) == self._former

    def expectation(self, site: StagedSite) -> Expectation:
        """Staging's address may show production's settings, which is what a preview is for."""
        production, _staging = site.hosts
        return replace(site.expectation, marks={production: "production"})


class Drain(Course):
    """While what a swap has replaced finishes its requests, and some of production's do not end by themselves."""

    def __init__(self, *, limit_seconds: int, is_outlasted: bool) -> None:
        """They are let go when all others have ended, or `is_outlasted`: never, so that they are cut."""
        self.drain_limit_seconds = limit_seconds
        self._is_outlasted = is_outlasted

    def holders(self, site: StagedSite) -> list[WebSocketClient]:
        """Of production, named for one course only."""
        address, hosts = ("127.0.0.1", site.port), site.hosts[:1]
        self._names = {f"{site.name} holder {number} since {now():.3f}" for number in range(2)}
        return [WebSocketClient(name, address, hosts, life_seconds=3600.0) for name in self._names]

    def reach(self, system: System, site: StagedSite) -> Moment:
        """See Course."""
        self._former = serving(site)
        wait_for(partial(self._is_held, system), 60, "connections are held")
        requested_at = now()
        operation = wait_until_done(site.request_swap())
        site.note_swap(operation, requested_at)
        return Moment(operation, Step.DONE, requested_at, worker_processes(system))

    def _is_held(self, system: System) -> bool:
        production, _staging = self._former
        logs = [runtime_of(system).log_tail(production, ordinal, lines=LINES) for ordinal in range(2)]
        return {f"{name}/0" for name in self._names} <= {name for log in logs for name, _at in begun(log)}

    def end(self, system: System, site: StagedSite, moment: Moment, held: Load) -> None:
        """What holds nothing is stopped; what holds something is not, before that has ended or was cut."""
        production, staging = (Revision.objects.get(pk=pk) for pk in self._former)
        seconds = RECOVERY_SECONDS + self.drain_limit_seconds
        wait_for(partial(has_state, staging, RevisionState.STOPPED), seconds, "what holds nothing has ended")
        if not self._is_outlasted:
            lost = {record.client for record in held.records}
            assert lost == self._names or has_state(production, RevisionState.DRAINING)
            held.stop()
        wait_for(partial(has_state, production, RevisionState.STOPPED), seconds, "the drain has ended")

    def unexcused(self, moment: Moment, records: list[Record]) -> list[Record]:
        """What was cut at the limit; the operation knows how many these were."""
        cut = [one for one in records if one.client in self._names and one.trouble is Trouble.CUT]
        if not self._is_outlasted:
            return records
        assert moment.operation.changes.get(slot__is_production=True).cut_count == len(cut)
        return [one for one in records if one not in cut]


def serving(site: StagedSite) -> tuple[int, int]:
    """The live revisions of production and of staging."""
    production, staging = site.production.live_revision_id, site.staging.live_revision_id
    assert production and staging
    return production, staging


def has_state(record: Operation | Revision, *states: str) -> bool:
    """Whether it is in one of these states by now."""
    record.refresh_from_db()
    return record.state in states


def ended(operation: Operation) -> Operation:
    """The operation, once it has ended by itself."""
    wait_for(partial(has_state, operation, *Operation.FINAL), RECOVERY_SECONDS, f"the {operation} has ended")
    return operation
