"""One application of the demonstration: its site with two slots, its load, and what its swaps must show."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Max

from sites.content.samples import demo_archive
from sites.demo.operations import switch_of, wait_for
from sites.demo.publishing import publish
from sites.models import Category, HostNameKind, Kind, Operation, Site, Slot, Subscription
from sites.prober import kinds
from sites.prober.analysis import Expectation, Switch
from sites.prober.client import Client
from sites.prober.http import now
from sites.prober.session import SessionClient
from sites.prober.websocket import WebSocketClient
from sites.services.settings import Entry, save_settings
from sites.services.sites import create_site
from sites.services.slots import enable_staged_publishing, scale
from sites.services.swaps import request_swap

INSTANCES = 3
VERSIONS = ("1", "2")
MARK = "SLOT_MARK"
DEMO_USER, DEMO_PASSWORD = "ada", "difference engine"


@dataclass
class Application:
    """A site of the demonstration. With `is_marked` each slot has a sticky setting, so every swap starts instances."""

    kind: str
    title: str
    user: AbstractBaseUser
    subscription: Subscription
    is_marked: bool
    switches: list[Switch] = field(default_factory=list)
    swap_seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = f"{self.kind}-demo"

    def set_up(self) -> Iterator[str]:
        """Create both slots with three instances and a version each; says what it has done."""
        wait_for(create_site(acting_user=self.user, subscription=self.subscription, name=self.name))
        production = self._slot(is_production=True)
        wait_for(scale(acting_user=self.user, slot=production, count=INSTANCES))
        self._mark(production)
        self._publish(production, VERSIONS[0])
        yield f"{self.title}: version {VERSIONS[0]} was built and serves in production, {INSTANCES} instances"
        wait_for(enable_staged_publishing(acting_user=self.user, site=self._site()))
        staging = self._slot(is_production=False)
        wait_for(scale(acting_user=self.user, slot=staging, count=INSTANCES))
        self._mark(staging)
        self._publish(staging, VERSIONS[1])
        yield f"{self.title}: version {VERSIONS[1]} was built and serves in staging, {INSTANCES} instances"

    def swap(self) -> float:
        """Swap production and staging, and return how many seconds that took. Raises OperationFailed."""
        requested_at = now()
        operation = request_swap(
            acting_user=self.user, source=self._slot(is_production=False), target=self._slot(is_production=True)
        )
        wait_for(operation)
        switch = switch_of(operation, requested_at, self._versions(len(self.switches) + 1))
        self.switches.append(switch)
        self.swap_seconds.append(round(switch.succeeded_at - requested_at, 3))
        return self.swap_seconds[-1]

    @property
    def expectation(self) -> Expectation:
        """What the load must have seen."""
        production, staging = self.hosts
        marks = {production: "production", staging: "staging"} if self.is_marked else {}
        return Expectation(before=self._versions(0), switches=self.switches, marks=marks)

    @property
    def hosts(self) -> tuple[str, str]:
        """Of production and of staging."""
        return self._host(self._slot(is_production=True)), self._host(self._slot(is_production=False))

    def clients(self) -> list[Client]:
        """The load of this application."""
        address = ("127.0.0.1", settings.PORT)
        hosts = self.hosts
        name = self.name
        if self.kind == "django":
            people = [
                SessionClient(f"{name} person {n}", address, hosts[0], user=DEMO_USER, password=DEMO_PASSWORD)
                for n in range(3)
            ]
            visitors = [kinds.keep_alive(f"{name} keep-alive {n}", address, hosts) for n in range(2)]
            return [*people, *visitors, kinds.slow(f"{name} slow", address, hosts)]
        return [
            *(kinds.keep_alive(f"{name} keep-alive {n}", address, hosts) for n in range(4)),
            *(kinds.connection_per_request(f"{name} connection per request {n}", address, hosts) for n in range(2)),
            *(kinds.post(f"{name} POST {n}", address, hosts) for n in range(2)),
            *(kinds.slow(f"{name} slow {n}", address, hosts) for n in range(3)),
            *(kinds.streaming(f"{name} streaming {n}", address, hosts) for n in range(2)),
            *(kinds.trickled_upload(f"{name} upload {n}", address, hosts) for n in range(2)),
            *(WebSocketClient(f"{name} WebSocket {n}", address, hosts) for n in range(3)),
        ]

    def _versions(self, swaps: int) -> dict[str, str]:
        production, staging = self.hosts
        first, second = VERSIONS if swaps % 2 == 0 else VERSIONS[::-1]
        return {production: first, staging: second}

    def _publish(self, slot: Slot, version: str) -> None:
        before = self._newest_publication()
        publish(slot, demo_archive(self.kind, version), f"version-{version}")
        newest = Operation.objects.filter(site__name=self.name, kind=Kind.PUBLISH, pk__gt=before).order_by("-pk")
        wait_for(newest[0])

    def _newest_publication(self) -> int:
        publications = Operation.objects.filter(site__name=self.name, kind=Kind.PUBLISH)
        return publications.aggregate(newest=Max("pk"))["newest"] or 0

    def _mark(self, slot: Slot) -> None:
        if self.is_marked:
            entries = [Entry(name=MARK, value=slot.name, is_sticky=True)]
            wait_for(save_settings(acting_user=self.user, slot=slot, category=Category.APP_SETTINGS, entries=entries))

    def _site(self) -> Site:
        return Site.objects.get(name=self.name)

    def _slot(self, *, is_production: bool) -> Slot:
        return Slot.objects.select_related("site", "workload").get(site__name=self.name, is_production=is_production)

    @staticmethod
    def _host(slot: Slot) -> str:
        return slot.host_names.get(kind=HostNameKind.DEFAULT).name
