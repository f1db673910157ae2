"""The measurement of publications: by zip and by git, with and without unchanged packages, and under load."""

import re
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.models import Slot
from sites.models.required import required
from tools.bench.applications import archive
from tools.bench.costs import busy_share
from tools.bench.nginx import NotAvailable
from tools.bench.publish import index, serving
from tools.bench.publish.clients import Publication, files, publish_git, publish_zip, redeploy
from tools.bench.report import Report, Target
from tools.bench.sites import make_site
from tools.bench.visitors import Crowd, Visitors
from tools.demo.operations import wait_for
from tools.demo.staged_site import StagedSite

KEYS = (
    "zip_cold_seconds",
    "zip_warm_seconds",
    "git_cold_seconds",
    "git_warm_seconds",
    "warm_build_ratio",
    "redeploy_seconds",
    "static_rps_ratio",
    "static_mb_per_instance",
    "applications_right",
    "failed",
)
TARGETS = {
    "warm_build_ratio": Target(0.1),
    "static_rps_ratio": Target(0.8, is_minimum=True),
    "static_mb_per_instance": Target(8.0),
    "applications_right": Target(26, is_minimum=True),
    "failed": Target(0),
}
RIGHT = re.compile(r"^\|(?:[^|]*\|){1,2} *yes *\|", re.MULTILINE)
"""A row of the table that `./greenroom test --applications` prints."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    sites: int = 3
    """Each is published to by zip and by git, first cold and then warm."""
    rounds: int = 7
    round_seconds: float = 1.0
    publications: int = 10
    """To production under load."""
    rate: float = 100.0


QUICK = Plan(sites=1, rounds=2, round_seconds=0.2, publications=2, rate=30.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """A publication whose packages are new, and one whose packages are unchanged."""

    cold: Publication
    warm: Publication


def measure(say: Say, plan: Plan, applications: Path | None) -> Report:
    """Raises OperationFailed, PublishingRefused, TimeoutError."""
    figures: dict[str, object] = {"machine_busy": round(busy_share(1.0), 3)}
    by_zip, by_git, again = [], [], []
    for number in range(plan.sites):
        say(f"Publishing by zip and by git, site {number + 1} of {plan.sites}")
        site = _empty(f"bench-zip-{number}")
        by_zip.append(Pair(*(publish_zip(site, files(index.requirements(), version)) for version in "12")))
        workload = required(site.production.workload, "the workload")
        deployment = required(workload.active_deployment, "the deployment")
        publish_zip(site, files(index.requirements(), "3"))
        again.append(redeploy(site, deployment))
        by_git.append(_git(_empty(f"bench-git-{number}"), number))
    figures |= _of_publications(by_zip, by_git, again)
    figures |= _of_static_site(say, plan)
    figures |= _under_load(say, plan)
    right, reason = _applications(applications)
    figures |= {"applications_right": right, "applications_reason": reason}
    return Report(figures, KEYS, TARGETS)


def _empty(name: str) -> StagedSite:
    site = make_site(name, 1)
    site.create()
    return site


def _git(site: StagedSite, number: int) -> Pair:
    folder = Path(settings.DATA_DIR) / f"bench-repository-{number}"
    slot = site.production
    return Pair(*(publish_git(slot, folder, files(index.requirements(), version), site.port) for version in "12"))


def _of_publications(by_zip: list[Pair], by_git: list[Pair], again: list[float]) -> dict[str, object]:
    pairs = [*by_zip, *by_git]
    return {
        "zip_cold_seconds": _median(pair.cold.seconds for pair in by_zip),
        "zip_warm_seconds": _median(pair.warm.seconds for pair in by_zip),
        "git_cold_seconds": _median(pair.cold.seconds for pair in by_git),
        "git_warm_seconds": _median(pair.warm.seconds for pair in by_git),
        "warm_build_ratio": _median(pair.warm.build_seconds / pair.cold.build_seconds for pair in pairs),
        "cold_build_seconds": _median(pair.cold.build_seconds for pair in pairs),
        "warm_build_seconds": _median(pair.warm.build_seconds for pair in pairs),
        "redeploy_seconds": _median(again),
    }


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def _of_static_site(say: Say, plan: Plan) -> dict[str, object]:
    say(f"Asking a static site and nginx in turns, {plan.rounds} times {plan.round_seconds:g} s each")
    site = _empty("bench-static")
    wait_for(site.publish(site.production, serving.archive(), "static"))
    memory = serving.instance_mb(site.production)
    figures: dict[str, object] = {"static_mb_per_instance": memory and round(memory, 2)}
    folder = Path(settings.DATA_DIR) / "bench-nginx"
    try:
        found = serving.beside_nginx(_place(site.production), folder, plan.rounds, plan.round_seconds)
    except NotAvailable as error:
        say(str(error))
        return {**figures, "static_rps_ratio": None, "static_reason": str(error)}
    return {
        **figures,
        "static_rps_ratio": round(found.ratio, 3),
        "static_rps": round(statistics.median(found.ours)),
        "nginx_rps": round(statistics.median(found.nginx)),
    }


def _place(slot: Slot) -> serving.Place:
    revision = required(slot.live_revision, "the live revision")
    address, port = revision.instances.filter(is_warm=True).values_list("address", "port")[0]
    return address, port


def _under_load(say: Say, plan: Plan) -> dict[str, object]:
    say(f"Publishing to production {plan.publications} times under load")
    site = make_site("bench-load", 2)
    site.set_up_production()
    host = site.production.host_names.get(kind="default").name
    crowd = Crowd(site.name, ("127.0.0.1", settings.PORT), (host,), plan.rate)
    with Visitors(crowd) as visitors:
        for number in range(plan.publications):
            wait_for(site.publish(site.production, archive(str(number)), f"version-{number}"))
    records = visitors.seen.records
    return {"failed": sum(one.trouble is not None for one in records), "requests": len(records)}


def _applications(report: Path | None) -> tuple[int | None, str]:
    """How many applications were right, by what `./greenroom test --applications` printed; or why none is named."""
    if report is None:
        return None, "not measured here: give what `./greenroom test --applications` printed, with --applications FILE"
    right = len(RIGHT.findall(report.read_text()))
    return right, f"rows of {report.name} that say yes"
