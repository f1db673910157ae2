"""A site with two slots that is swapped under load, with the record of what its visitors must have seen."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib.auth.models import User

from sites.models import Category, HostNameKind, Operation, Slot, Subscription
from sites.services.settings import Entry, save_settings
from sites.services.sites import create_site
from sites.services.slots import enable_staged_publishing, scale
from sites.services.swaps import request_swap
from tools.demo.operations import switch_of, wait_for
from tools.demo.publishing import publish
from tools.prober.analysis import Expectation, Switch
from tools.prober.clock import now

VERSIONS = ("1", "2")
MARK = "SLOT_MARK"


@dataclass
class StagedSite:
    """Version 1 begins in production, version 2 in staging."""

    name: str
    user: User
    subscription: Subscription
    archive: Callable[[str], bytes]
    """Makes the zip of a version."""
    port: int
    instances: int
    is_marked: bool
    """Gives each slot a sticky setting: no slot can use instances of the other's, and mix-ups would show."""
    begins_with: tuple[str, str] = VERSIONS
    """What production and staging serve before the first of `switches`."""
    switches: list[Switch] = field(default_factory=list)
    swap_seconds: list[float] = field(default_factory=list)

    def create(self) -> None:
        """The site with its production slot, and nothing published. Raises OperationFailed."""
        wait_for(create_site(acting_user=self.user, subscription=self.subscription, name=self.name))

    def set_up_production(self) -> None:
        """Create the site and publish version 1. Raises OperationFailed, PublishingRefused."""
        self.create()
        self._furnish(self.production, VERSIONS[0])

    def set_up_staging(self) -> None:
        """Enable staged publishing and publish version 2. Raises OperationFailed, PublishingRefused."""
        wait_for(enable_staged_publishing(acting_user=self.user, site=self.production.site))
        self._furnish(self.staging, VERSIONS[1])

    def request_swap(self, *, is_from_production: bool = False) -> Operation:
        """Ask for a swap of production and staging, from staging unless said otherwise."""
        source, target = self.staging, self.production
        if is_from_production:
            source, target = target, source
        return request_swap(acting_user=self.user, source=source, target=target)

    def swap(self) -> float:
        """Swap, and return how many seconds that took. Raises OperationFailed."""
        requested_at = now()
        operation = self.request_swap()
        wait_for(operation)
        self.note_swap(operation, requested_at)
        return self.swap_seconds[-1]

    def note_swap(self, operation: Operation, requested_at: float) -> None:
        """Record a swap that succeeded. `requested_at` is monotonic seconds."""
        switch = switch_of(operation, requested_at, self._versions(len(self.switches) + 1))
        self.switches.append(switch)
        self.swap_seconds.append(round(switch.succeeded_at - requested_at, 3))

    def begin_anew(self) -> None:
        """Forget the swaps that were made: a load begins now."""
        self.begins_with = self.serves
        self.switches.clear()

    def publish(self, slot: Slot, archive: bytes, message: str) -> Operation:
        """Publish over HTTP with the slot's own credentials; returns the operation, not waited for."""
        return Operation.objects.get(public_id=publish(slot, archive, message, port=self.port))

    @property
    def serves(self) -> tuple[str, str]:
        """The versions of production and staging after the swaps that were noted."""
        return self._serving(len(self.switches))

    @property
    def expectation(self) -> Expectation:
        """What a load that began before the first swap must have seen."""
        production, staging = self.hosts
        marks = {production: "production", staging: "staging"} if self.is_marked else {}
        return Expectation(before=self._versions(0), switches=self.switches, marks=marks)

    @property
    def hosts(self) -> tuple[str, str]:
        """Of production and of staging."""
        return _host(self.production), _host(self.staging)

    @property
    def production(self) -> Slot:
        """As it is now."""
        return self._slot(is_production=True)

    @property
    def staging(self) -> Slot:
        """As it is now."""
        return self._slot(is_production=False)

    def _furnish(self, slot: Slot, version: str) -> None:
        wait_for(scale(acting_user=self.user, slot=slot, count=self.instances))
        if self.is_marked:
            entries = [Entry(name=MARK, value=slot.name, is_sticky=True)]
            category = Category.APP_SETTINGS
            wait_for(save_settings(acting_user=self.user, slot=slot, category=category, entries=entries))
        wait_for(self.publish(slot, self.archive(version), f"version-{version}"))

    def _versions(self, swaps: int) -> dict[str, str]:
        return dict(zip(self.hosts, self._serving(swaps), strict=True))

    def _serving(self, swaps: int) -> tuple[str, str]:
        production, staging = self.begins_with
        return (production, staging) if swaps % 2 == 0 else (staging, production)

    def _slot(self, *, is_production: bool) -> Slot:
        return Slot.objects.select_related("site", "workload").get(site__name=self.name, is_production=is_production)


def _host(slot: Slot) -> str:
    return slot.host_names.get(kind=HostNameKind.DEFAULT).name
