"""`./greenroom bench SUBJECT`: a measurement in an installation of its own.

swap: what a swap costs, and what visitors feel of it. door: what honest people feel of clients that are slow or many.
control-plane: what everything else costs, from start to stop. publish: what publications and static sites cost.
portal: how long open pages stay untrue, and what pages cost. api: what reading costs programs, and swaps by the API.
tls: what certificates and handshakes cost, and what visitors over TLS feel of swaps. density: what one site more costs,
and how the router and starts of instances compare with bare ones.
"""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from django.core.management.base import CommandParser

from sites.errors import GreenroomError
from sites.management.base import GreenroomCommand
from tools.bench import story as swap
from tools.bench.api import story as api
from tools.bench.control_plane import report as control_plane_report
from tools.bench.control_plane import story as control_plane
from tools.bench.control_plane.lifetime import Lifetime, check
from tools.bench.density import story as density
from tools.bench.door import story as door
from tools.bench.portal import story as portal
from tools.bench.publish import index
from tools.bench.publish import story as publish
from tools.bench.report import Report
from tools.bench.tls import story as tls
from tools.demo.installation import MANAGE, Installation, NotStarted, free_port
from tools.demo.operations import OperationFailed
from tools.demo.publishing import PublishingRefused

CONTROL_PLANE = "control-plane"
PUBLISH = "publish"
PORTAL = "portal"
API = "api"
TLS = "tls"
DENSITY = "density"


class Command(GreenroomCommand):
    """Start an installation in a temporary folder, measure there, and end it."""

    help = "Measure, in an installation of its own. Exit code 1: a figure is not what docs/benchmarks.md says."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """What is measured, how thoroughly, and where the figures go."""
        parser.add_argument(
            "subject",
            choices=["swap", "door", CONTROL_PLANE, PUBLISH, PORTAL, API, TLS, DENSITY],
            help="what is measured",
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures there as JSON")
        parser.add_argument(
            "--quick", action="store_true", help="few swaps and sites: shows that the measurement works"
        )
        parser.add_argument("--swaps", type=int, metavar="N", help="instead of 200 (api, tls: 50, control-plane: 30)")
        parser.add_argument(
            "--applications", type=Path, metavar="FILE", help="publish: what `./greenroom test --applications` printed"
        )
        parser.add_argument(
            "--here", action="store_true", help="use the running installation, and leave the sites in it"
        )

    def handle(self, *, subject: str, here: bool, **options: object) -> None:
        """Exit code 0 when every figure that was measured is what it should be."""
        try:
            if here:
                code = self._measure(subject, **options)  # type: ignore[arg-type]
            elif subject == PUBLISH:
                with tempfile.TemporaryDirectory(prefix="greenroom-index-") as folder:
                    index.write(Path(folder))
                    with index.served(Path(folder)) as address:
                        code = self._begin(subject, Installation(index.variables(address)), **options)  # type: ignore[arg-type]
            else:
                variables = {"GREENROOM_TLS_PORT": str(free_port()), "GREENROOM_HTTP3": "1"} if subject == TLS else {}
                code = self._begin(subject, Installation(variables), **options)  # type: ignore[arg-type]
        except KeyboardInterrupt:
            code = 130
        raise SystemExit(code)

    def _begin(
        self,
        subject: str,
        installation: Installation,
        *,
        report: Path | None,
        quick: bool,
        swaps: int | None,
        applications: Path | None,
        **_: object,
    ) -> int:
        """The measurement runs in a process of its own: settings are read once, and ours name another folder."""
        try:
            self._say(f"Starting Greenroom in {installation.folder}, port {installation.port}")
            installation.start()
            inside = installation.folder / "figures.json" if subject == CONTROL_PLANE else report
            arguments = [str(MANAGE), "bench", subject, "--here"]
            arguments += ["--quick"] if quick else []
            arguments += ["--swaps", str(swaps)] if swaps else []
            arguments += ["--applications", str(applications.absolute())] if applications else []
            arguments += ["--report", str(inside.absolute())] if inside else []
            code = installation.run(arguments).returncode
            if subject != CONTROL_PLANE or not inside or not inside.exists():
                return code
            return self._finish(self._with_lifetime(installation, json.loads(inside.read_text()), quick), report)
        except NotStarted as error:
            self._say(f"Greenroom did not start, so nothing was measured. The last lines of its log:\n{error}")
            return 1
        finally:
            self._say("Stopping everything and removing the folder")
            installation.stop()

    def _with_lifetime(self, installation: Installation, figures: dict[str, object], quick: bool) -> Report:
        """What only somebody outside can measure: how long it takes until everything is up, and until it has ended."""
        lifetime = Lifetime()
        for _ in range(_control_plane_plan(quick).starts):
            lifetime.restart(installation)
        installation.end()
        return control_plane_report.put_together(figures, lifetime, check(installation))

    def _measure(
        self,
        subject: str,
        *,
        report: Path | None,
        quick: bool,
        swaps: int | None,
        applications: Path | None,
        **_: object,
    ) -> int:
        try:
            measured = self._figures(subject, quick, swaps, applications)
        except (GreenroomError, OperationFailed, PublishingRefused, TimeoutError) as error:
            self._say(f"The measurement ended early. {error}")
            return 1
        if subject == CONTROL_PLANE and report:  # whoever started us adds what is missing, and judges
            measured.write(report)
            return 0
        return self._finish(measured, report)

    def _figures(self, subject: str, quick: bool, swaps: int | None, applications: Path | None) -> Report:
        if subject == PUBLISH:
            return publish.measure(self._say, publish.QUICK if quick else publish.Plan(), applications)
        if subject == CONTROL_PLANE:
            whole = _control_plane_plan(quick)
            return Report(control_plane.measure(self._say, replace(whole, swaps=swaps) if swaps else whole))
        if subject == PORTAL:
            return portal.measure(self._say, portal.QUICK if quick else portal.Plan())
        if subject == API:
            of_api = api.QUICK if quick else api.Plan()
            return api.measure(self._say, replace(of_api, swaps=swaps) if swaps else of_api)
        if subject == TLS:
            of_tls = tls.QUICK if quick else tls.Plan()
            return tls.measure(self._say, replace(of_tls, swaps=swaps) if swaps else of_tls)
        if subject == DENSITY:
            return density.measure(self._say, density.QUICK if quick else density.Plan())
        if subject == "door":
            return door.measure(self._say, door.QUICK if quick else door.Plan())
        plan = swap.QUICK if quick else swap.Plan()
        return swap.measure(self._say, replace(plan, swaps=swaps) if swaps else plan)

    def _finish(self, measured: Report, report: Path | None) -> int:
        for sentence in measured.sentences():
            self._say(sentence)
        if report:
            measured.write(report)
            self._say(f"The figures are in {report}")
        return 1 if measured.missed else 0

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _control_plane_plan(quick: bool) -> control_plane.Plan:
    return control_plane.QUICK if quick else control_plane.Plan()
