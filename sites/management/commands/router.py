"""`./greenroom router`: which routers there are, and which of them operations wait for."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from sites.errors import RouterRefused
from sites.management.base import GreenroomCommand
from sites.models import RouterNode
from sites.router import credentials
from sites.router.authority import Issued
from sites.router.bootstrap import bootstrap_with_certificate
from sites.router.place import Place, parse_place
from sites.services import routers
from sites.supervisor.router_lines import connected_routers, router_lines


class Command(GreenroomCommand):
    """Lists routers, adds one with a certificate, retires one that is gone, or makes one active again."""

    help = "Show the routers, add one, or take one that is gone out of service."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do with which router, and Greenroom's own options."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        actions.add_parser("list", help="show all routers (what happens without an action)")
        add = actions.add_parser("add", help="write a folder with which another router can be started")
        new = actions.add_parser("credentials", help="give a router that was added a new certificate")
        for one in (add, new):
            one.add_argument("name", metavar="NAME")
            one.add_argument("--folder", type=Path, help="the folder to write; routers/NAME in the data folder")
            one.add_argument("--server", metavar="HOST:PORT", help="where the router reaches GREENROOM_XDS_LISTEN")
        new.add_argument("--revoke", action="store_true", help="refuse the former certificate from now on")
        retire = actions.add_parser("retire", help="let operations wait for a router no longer")
        retire.add_argument("name", metavar="NAME")
        retire.add_argument("--connected", action="store_true", help="also one that is connected: it gives up its port")
        activate = actions.add_parser("activate", help="let a retired router in again")
        activate.add_argument("name", metavar="NAME")
        describe_options(parser)

    def handle(self, *, action: str | None, name: str = "", **options: Any) -> None:
        """Exit code 1 with a sentence when it is refused."""
        match action:
            case "add":
                self._add(name, options["folder"], options["server"])
            case "credentials":
                self._credentials(name, options["folder"], options["server"], ends_former=options["revoke"])
            case "retire":
                self._retire(name, is_forced=options["connected"])
            case "activate":
                self._activate(name)
            case _:
                self.stdout.write("\n".join(router_lines()) or "No router has connected yet. Start one: ./greenroom up")

    def _add(self, name: str, chosen: Path | None, server: str | None) -> None:
        routers.ensure_can_add(name)
        folder, place = _folder(name, chosen), _server(server)
        credentials.ensure_free(folder)
        authority = routers.authority()
        issued = authority.issue_router(name)
        # First the folder: without its router it opens nothing, and a router without one could not be added again
        credentials.write_folder(folder, _files(name, issued, place))
        routers.add(name, issued.certificate)
        self._tell_how_to_start(name, folder)

    def _credentials(self, name: str, chosen: Path | None, server: str | None, *, ends_former: bool) -> None:
        routers.ensure_has_certificate(name)
        folder = _folder(name, chosen)
        authority = routers.authority()
        is_known = credentials.is_folder_of(folder, name)
        place = None if is_known else _server(server)
        if not is_known:
            credentials.ensure_free(folder)
        issued = authority.issue_router(name)
        routers.renew(name, issued.certificate, ends_former=ends_former)
        if place is None:
            credentials.replace_certificate(folder, credentials=issued.pem, authority=authority.pem)
            self.stdout.write(
                f"The certificate in {folder} is a new one, until {issued.certificate.expires_at:%Y-%m-%d}."
            )
            self.stdout.write(
                f"Where the router runs in a copy of the folder, replace {credentials.CREDENTIALS_FILE} there."
            )
        else:
            credentials.write_folder(folder, _files(name, issued, place))
            self._tell_how_to_start(name, folder)
        former = "is refused from now on" if ends_former else "works until the new one is used"
        self.stdout.write(f"The former certificate {former}.")

    def _tell_how_to_start(self, name: str, folder: Path) -> None:
        listens = f"{', '.join(settings.LISTEN)} port {settings.PORT}"
        self.stdout.write(f"{folder} is ready. Router '{name}' will listen on {listens} (--listen, --port).")
        self.stdout.write("It holds the router's private key: move it to where the router runs, and keep no copy.")
        self.stdout.write(f"Start it there, with Envoy in the path: {folder.name}/{credentials.START_FILE}")
        if not settings.XDS_LISTEN:
            self.stdout.write(
                "GREENROOM_XDS_LISTEN is not set here. Where it is not set for `up` either, no router can connect."
            )

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


def _folder(name: str, chosen: Path | None) -> Path:
    if chosen is not None:
        return chosen.absolute()
    settings.ROUTER_DIR.mkdir(mode=0o700, exist_ok=True)
    return Path(settings.ROUTER_DIR / name)


def _server(said: str | None) -> Place:
    """Where a router reaches the xDS server. Raises RouterRefused."""
    text = said or settings.XDS_LISTEN
    if not text:
        raise RouterRefused(
            "Routers with a certificate connect to GREENROOM_XDS_LISTEN, which is not set. Nothing was changed. Set "
            "it, for example to 192.0.2.7:8443, start `up` again, and repeat this command."
        )
    try:
        place = parse_place(text)
    except ValueError:
        raise RouterRefused(
            f"'{text}' is not HOST:PORT. Nothing was changed. Give it like 192.0.2.7:8443, [2001:db8::7]:8443 or "
            "xds.example.org:8443."
        ) from None
    if place.is_everywhere:
        raise RouterRefused(
            f"{text} means every address of this machine, and a router needs one. Nothing was changed. Say where it "
            "reaches this machine: --server HOST:PORT"
        )
    return place


def _files(name: str, issued: Issued, server: Place) -> dict[str, bytes]:
    description = bootstrap_with_certificate(name, server, addresses=settings.LISTEN, port=settings.PORT)
    return credentials.files(description, credentials=issued.pem, authority=routers.authority().pem)
