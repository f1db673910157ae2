"""What a kind of operation states: its words, its queue, its steps, what asking changes, and how that is undone.

Each kind is one module of `sites.operations.kinds`. Everything else asks a kind and compares no names.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum, StrEnum, auto
from typing import Any

from django.contrib.auth.models import User
from django.db.models.functions import Now

from sites.models import Operation, OperationState, Site, Slot, SlotChange, Step, Subscription
from sites.operations import wording

INTO_SERVICE = (
    Step.PREPARING,
    Step.STARTING,
    Step.WARMING,
    Step.ROUTES_OFFERED,
    Step.SWITCHED,
    Step.ROUTES_ACKNOWLEDGED,
)
"""Bring revisions into service in their slots."""
WITH_BUILD = (Step.BUILDING, Step.RELEASING, *INTO_SERVICE)
"""The same with content that has to be built first."""


class Queue(StrEnum):
    """Which workers do the work of an operation."""

    CONTROL = "control"
    """Short work."""
    WORK = "work"
    """What copies or builds content, so that it keeps no swap waiting."""


class Need(Enum):
    """What instances must be before the switch."""

    ANSWERING = auto()
    """They have to run and to answer, or the operation fails."""
    AS_BEFORE = auto()
    """The same if what serves that content now is healthy; otherwise nobody waits for them."""
    ATTEMPTED = auto()
    """They are waited for in the same case, for a while, and the operation goes on without them."""
    NOTHING = auto()
    """Nobody waits for them."""


class OperationKind(ABC):
    """One kind of operation. A subclass states what differs from what stands here."""

    name: str
    """In the database."""
    noun: str
    """In sentences: 'The swap of …'."""
    doing: str
    """While it is worked on, with {target}: "Swapping the deployments of '{target}'"."""
    busy = "Updating"
    """The same in a word, for the list of web sites."""
    queue = Queue.CONTROL
    steps: Sequence[Step] = INTO_SERVICE
    is_recorded = False
    """Whether it is written when it is done already, so that no worker ever has it."""

    event_family = "operation"
    """How events are called that tell of its end: see `sites.events.types`."""
    is_warning = False
    """Whether somebody else may have done it: its notification waits until a person closes it."""
    is_deletion = False
    is_creation = False
    """Whether its slots come into being with it, so that a first publication to them waits for its end."""
    waits_for_creation = False
    """Whether it is such a publication."""
    waits_for_others = False
    """Whether it waits for whatever operation holds its slots, and is not refused."""
    is_roll_back = False
    alters_content = False
    """Whether it changes what a slot serves, or how, in a way that a roll-back has to ask about."""
    stays_saved = False
    """Whether what it saved stays saved although it failed."""
    opens_window = False
    """Whether a swap that is made by it can be rolled back."""
    ends_windows = False
    """Whether it ends the roll-back window of a swap before it, also where it makes no swap itself."""
    borrows_from_preview = False
    """Whether it is possible on production while a preview holds it."""
    gives_way = False
    """Whether it ends at once when a person asks for something else of its slots; nothing of it has to be undone."""
    ends_preview = False
    """Whether a preview whose hold it has borrowed ends with it."""

    def steps_of(self, operation: Operation) -> Sequence[Step]:
        """The steps that `operation` goes through, in order."""
        return self.steps

    def steps_before(self, operation: Operation) -> Sequence[Step]:
        """Those that it had gone through when it began anew with the first of `steps_of`; undone with them."""
        return ()

    def queue_of(self, operation: Operation) -> Queue:
        """The queue whose workers have `operation`."""
        return self.queue

    def apply(self, operation: Operation, changes: Sequence[SlotChange], *args: Any, **asked: Any) -> None:  # noqa: B027 - most kinds do nothing here
        """Make what is asked out of `changes`, which are not saved yet and leave everything as it is.

        Belongs to the transaction that writes the operation. A subclass names in `asked` what can be asked for, and
        writes into `operation.before` what `undo` needs.
        """

    def queue_up(self, operation: Operation, changes: Sequence[SlotChange], *args: Any, **asked: Any) -> None:
        """Keep what is asked until the operation has ended that it waits for; `take_up` then finds what was kept.

        Raises TypeError for a kind that waits for none.
        """
        raise TypeError(f"a {self.noun} does not wait for another operation")

    def queued_slots(self, operation: Operation) -> list[Slot]:
        """The slots that it holds once it need not wait any more; none when they are gone."""
        raise TypeError(f"a {self.noun} does not wait for another operation")

    def take_up(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """Make what was kept out of `changes`, as `apply` does; its slots are held now."""
        raise TypeError(f"a {self.noun} does not wait for another operation")

    def undo(self, operation: Operation, changes: Sequence[SlotChange]) -> None:  # noqa: B027 - most kinds do nothing here
        """Take back exactly what `apply` has changed beside `changes`; in the transaction that fails the operation."""

    def need(self, change: SlotChange, *, is_in_service: bool) -> Need:
        """What the instances for `change` must be before the switch, those that serve visitors now or all others."""
        return Need.ANSWERING

    def is_warm_if_kept(self) -> bool:
        """Whether instances that were kept warm need not be asked again."""
        return False

    def wanted_back(self, changes: Sequence[SlotChange]) -> set[int]:
        """Revisions that a roll-back of the swap that it makes would bring back."""
        return {change.revision_before_id for change in changes if change.revision_before_id is not None}

    def on_success(self, operation: Operation, changes: Sequence[SlotChange]) -> None:  # noqa: B027 - most kinds do nothing here
        """What belongs to the transaction that ends the operation well."""

    def event_families(self, operation: Operation, changes: Sequence[SlotChange]) -> Sequence[str]:
        """The families of the events that tell of the end of `operation`; none where nothing happened."""
        return (self.event_family,)

    def record(
        self,
        *,
        actor_name: str,
        target: str,
        outcome: str,
        acting_user: User | None = None,
        site: Site | None = None,
        subscription: Subscription | None = None,
        error_code: str = "",
        goes_on: bool = False,
    ) -> Operation:
        """Write an operation that is done already, or with an `error_code` one that has failed.

        With `goes_on` it has begun, and whoever records it also writes down its end.

        Belongs in the transaction of what it records.
        """
        return Operation.objects.create(
            kind=self.name,
            site=site,
            subscription=subscription or (site.subscription if site else None),
            target=target,
            actor=acting_user,
            actor_name=actor_name,
            state=OperationState.FAILED if error_code else OperationState.SUCCEEDED,
            error_code=error_code,
            step=Step.DONE,
            outcome=outcome,
            ended_at=None if goes_on else Now(),
        )

    # Words

    @property
    def title(self) -> str:
        """As a caption: 'Creation', 'Swap'."""
        return self.noun[0].upper() + self.noun[1:]

    def title_of(self, operation: Operation) -> str:
        """As a caption for one operation, where there is more to say: 'Swap with preview'."""
        return self.title

    def doing_to(self, target: str) -> str:
        """What is being done to `target`."""
        return self.doing.replace("{target}", target)

    @abstractmethod
    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """The sentence of an operation that has succeeded; figures only where they were measured."""

    def failure(self, changes: Sequence[SlotChange]) -> str:
        """What holds after a failure before the switch."""
        return wording.still_served(changes)


class Deletion(OperationKind):
    """What is the same for everything that is deleted."""

    busy = "Deleting"
    is_deletion = True

    def apply(self, operation: Operation, changes: Sequence[SlotChange]) -> None:
        """Nothing of the slots is left."""
        for change in changes:
            change.workload_after = change.deployment_after = None
            change.count_after = 0
            change.is_running_after = False
