"""`./greenroom router`: which routers there are, and which of them operations wait for."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from portal.options import describe_options
from sites.errors import RouterUnreachable
from sites.management.base import GreenroomCommand
from sites.models import RouterNode
from sites.router.envoy import EnvoyRouter
from sites.services import routers
from sites.supervisor.report import ago


class Command(GreenroomCommand):
    """Lists routers, retires one that is gone, or makes one active again."""

    help = "Show the routers; `retire NAME` takes one that is gone out of service, `activate NAME` lets it in again."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do with which router, and Greenroom's own options."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        actions.add_parser("list", help="show all routers (what happens without an action)")
        retire = actions.add_parser("retire", help="let operations wait for a router no longer")
        retire.add_argument("name", metavar="NAME")
        retire.add_argument("--connected", action="store_true", help="also one that is connected: it gives up its port")
        activate = actions.add_parser("activate", help="let a retired router in again")
        activate.add_argument("name", metavar="NAME")
        describe_options(parser)

    def handle(self, *, action: str | None, **options: Any) -> None:
        """Exit code 1 with a sentence when it is refused."""
        match action:
            case "retire":
                self._retire(options["name"], is_forced=options["connected"])
            case "activate":
                self._activate(options["name"])
            case _:
                self._list()

    def _retire(self, name: str, *, is_forced: bool) -> None:
        is_connected = name in connected_routers()
        if not routers.retire(name, is_connected=is_connected and not is_forced):
            self.stdout.write(f"Router '{name}' was retired before. Nothing was changed.")
            return
        self.stdout.write(f"Router '{name}' is retired. No operation waits for it any more.")
        if is_connected:
            self.stdout.write("It gives up its port within two seconds, and ends the requests that it has.")
        else:
            self.stdout.write(
                "If its Envoy still runs somewhere, stop it: without a connection it serves the routes that it has."
            )
        if not RouterNode.objects.filter(RouterNode.EXPECTED).exists():
            self.stdout.write(
                "No other router has connected yet, so operations wait for a first one. Start it: ./greenroom up"
            )

    def _activate(self, name: str) -> None:
        if not routers.activate(name):
            self.stdout.write(f"Router '{name}' is not retired. Nothing was changed.")
            return
        self.stdout.write(f"Router '{name}' is active again. Operations wait for it as soon as it has connected.")

    def _list(self) -> None:
        nodes = RouterNode.objects.all()
        if not nodes:
            self.stdout.write("No router has connected yet. Start one: ./greenroom up")
            return
        connected = connected_routers()
        for node in nodes:
            self.stdout.write(f"  {node.node_id:<20} {state_of(node, is_connected=node.node_id in connected)}")


def connected_routers() -> set[str]:
    """Those that are connected at this moment; none while the xDS server does not run."""
    try:
        return set(EnvoyRouter().status()["nodes"])
    except RouterUnreachable:
        return set()


def state_of(node: RouterNode, *, is_connected: bool) -> str:
    """What a line of the list says of a router."""
    now = timezone.now()
    where = "this installation's own, " if node.node_id == settings.ROUTER_NODE else ""
    if node.retired_at:
        return f"{where}retired {ago(now - node.retired_at)}"
    if is_connected:
        return f"{where}connected"
    seen = f"last seen {ago(now - node.last_seen_at)}" if node.last_seen_at else "has not connected yet"
    return f"{where}away, {seen}" if node.last_seen_at else f"{where}{seen}"
