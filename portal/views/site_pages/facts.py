"""What the dashboard tells of a slot; every figure is a row of the database."""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q

from portal.chart import Chart
from portal.command_bar import address_of, slot_address
from portal.rows import Row
from portal.usage_bars import Bar, day_bars, storage_bars
from sites.access import may_change
from sites.capacity import share_of
from sites.models import HostNameKind, Instance, LinkedResource, OperationState, Rest, Slot, SourceControl, Swap
from sites.models.clock import reckoned
from sites.monitoring.figures import together
from sites.monitoring.series import RANGES, series_of
from sites.services import linked_resources
from sites.services.storage import SiteStorage, storage_of
from sites.services.swaps import partner

RUNNING = "running"
DAY = next(one for one in RANGES if one.name == "24h")


@dataclass
class SlotFacts:
    """The facts of one slot; those that need a query are asked for once, and only where they are shown."""

    user: User
    slot: Slot
    chart: Chart | None = None
    """The one of the same page, whose figures need not be read twice."""

    @cached_property
    def status(self) -> str:
        """What the slot does, in the word of its row in the list."""
        hold = getattr(self.slot, "hold", None)
        operation = hold.operation if hold else None
        return Row(self.slot, False, None, operation, self.failing_count, self.rest).status

    @property
    def rest(self) -> str:
        """Whether the slot has its instances: a value of Rest."""
        return self.slot.live_revision.rest if self.slot.live_revision else Rest.LOADED

    @property
    def is_unloaded(self) -> bool:
        """Whether its next request starts it."""
        return self.rest == Rest.UNLOADED

    @cached_property
    def can_change(self) -> bool:
        """Whether the person is more than a reader."""
        return may_change(self.user, self.slot.site)

    @cached_property
    def can_enable(self) -> bool:
        """Whether the link Enable staged publishing stands here: on production, as long as there is room."""
        if not self.slot.is_production:
            return False
        return self.slot.site.slots.filter(is_production=False).count() < settings.STAGING_SLOTS_PER_SITE

    @cached_property
    def instances(self) -> list[Instance]:
        """The instances that serve the slot's addresses."""
        revision = self.slot.live_revision
        return list(revision.instances.filter(ordinal__lt=revision.wanted_count)) if revision else []

    @cached_property
    def running_count(self) -> int:
        """How many of them run."""
        return sum(instance.observed_state == RUNNING for instance in self.instances)

    @cached_property
    def failing_count(self) -> int:
        """How many of them end again and again."""
        return sum(instance.is_failing for instance in self.instances)

    @cached_property
    def restarts(self) -> int:
        """How often they were restarted after they had ended by themselves."""
        return sum(instance.restarts for instance in self.instances)

    @cached_property
    def written(self) -> str:
        """What they have written beside their code, which ends with them; empty: nothing."""
        places = sorted({place for instance in self.instances for place in instance.written_places})
        more = max((instance.written_more for instance in self.instances), default=0)
        return ", ".join(places) + (f" and {more} more" if more else "")

    @cached_property
    def storage(self) -> SiteStorage:
        """What the web site takes on disk."""
        return storage_of(self.slot.site)

    @cached_property
    def storage_bars(self) -> list[Bar]:
        """The same as bars."""
        return storage_bars(self.storage)

    @cached_property
    def day_bars(self) -> list[Bar]:
        """What the slot used in the last 24 hours, and what it uses now."""
        drawn = self.chart if self.chart and self.chart.range == DAY else None
        found = drawn.series if drawn else series_of(self.slot, DAY, reckoned())
        return day_bars(together(found.points), together(found.points[-2:]), share_of(self.slot))

    @property
    def bars(self) -> list[Bar]:
        """All of the usage overview, but for the instances."""
        return [*self.day_bars, *self.storage_bars]

    @cached_property
    def last_swap(self) -> Swap | None:
        """The last swap that the slot took part in and that succeeded."""
        swaps = Swap.objects.filter(Q(source=self.slot) | Q(target=self.slot))
        done = swaps.filter(operation__state=OperationState.SUCCEEDED)
        return done.select_related("operation").order_by("-operation__created_at").first()

    @cached_property
    def other(self) -> Slot | None:
        """The other side of a swap."""
        return partner(self.slot)

    @cached_property
    def source(self) -> SourceControl | None:
        """The repository from which the slot is published."""
        return getattr(self.slot, "source_control", None)

    @cached_property
    def linked(self) -> list[LinkedResource]:
        """The databases of production, by name."""
        return linked_resources.of(self.slot.site)

    @cached_property
    def address(self) -> str:
        """Where visitors reach the slot."""
        return slot_address(self.slot)

    @cached_property
    def publishing_address(self) -> str:
        """Where publishing clients reach it, without a slash at the end."""
        names = [host.name for host in self.slot.host_names.all() if host.kind == HostNameKind.PUBLISHING]
        return address_of(names[0]) if names else ""

    @cached_property
    def git_address(self) -> str:
        """Where the slot is pushed to, with its user, so that git asks for the password only."""
        scheme, _, rest = self.publishing_address.partition("://")
        return f"{scheme}://{self.slot.publishing_user}@{rest}/{self.slot.site.name}.git"
