"""Everything that an installation has, so that two moments can be compared."""

import os
import time
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from sites.jobs import tidy
from sites.models import Deployment, Instance, Operation, Revision, Site, Slot, Swap
from tests.domain import Domain

LEFT_OUT = {"Operation", "OperationStep", "SlotChange", "Swap", "RouterNode", "PeriodicJob", "Stay", "Event"}
"""An operation's own records, and what has nothing to do with it."""
COUNTERS = {
    "Site": {"routes_version"},
    "Revision": {"generation", "used_at", "released_at", "idle_since", "drain_deadline"},
    "Instance": {"id", "warmed_for_id", "warmup_tries", "warmup_answer", "warmup_tried_at"},
    "SlotSetting": {"id"},
    "StickyName": {"id"},
    "HostName": {"id"},
    "SourceControl": {"last_fetch_id"},
    "Autoscale": {"changed_at"},
}
"""What only grows, tells of tries, or numbers what was made again."""
FOLDERS = ("CONTENT_DIR", "BUILD_DIR", "MOUNT_DIR", "GIT_DIR")

Inventory = dict[str, list[Any]]


def take_inventory(domain: Domain, own: Operation | None = None) -> Inventory:
    """Rows, files, routes and processes, without what `own` says of itself."""
    found: Inventory = {}
    for model in apps.get_app_config("sites").get_models():
        if model.__name__ not in LEFT_OUT:
            found[model.__name__] = sorted((_row(one) for one in _kept(model, own)), key=str)
    found["swaps"] = sorted((_row(swap) for swap in Swap.objects.exclude(operation=own)), key=str)
    found["files"] = _files()
    found["routes"] = _routes(domain)
    found["processes"] = sorted((one.revision_id, one.ordinal) for one in domain.runtime.observe())
    found["runs"] = sorted(domain.runtime.runs)
    return found


def _kept(model: type[Model], own: Operation | None) -> list[Model]:
    if model is Revision:
        return list(Revision.objects.filter(state__in=Revision.OPEN))
    if model is Instance:
        return list(Instance.objects.filter(revision__state__in=Revision.OPEN))
    if model is Deployment and own is not None:
        return list(Deployment.objects.exclude(operation=own, state="failed"))
    return list(model._default_manager.all())


def _row(row: Model) -> dict[str, object]:
    hidden = COUNTERS.get(type(row).__name__, set())
    return {field.attname: getattr(row, field.attname) for field in row._meta.fields if field.attname not in hidden}


def _files() -> list[str]:
    """What is left below the folders once nothing is young any more."""
    for name in FOLDERS:
        folder = getattr(settings, name)
        for child in folder.iterdir() if folder.is_dir() else ():
            os.utime(child, (time.time() - 7200,) * 2)
    failed = _digests(state="failed") - _digests(state="active")  # they stay in the history
    tidy.run()
    found = []
    for name in FOLDERS:
        folder = getattr(settings, name)
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            top = path.relative_to(folder).parts[0]
            if top.partition(".")[0] not in failed:
                found.append(f"{name}/{path.relative_to(folder)}")
    return found


def _digests(**wanted: str) -> set[str]:
    pairs = Deployment.objects.filter(**wanted).values_list("content_digest", "build_digest")
    return {digest for pair in pairs for digest in pair}


def _routes(domain: Domain) -> list[object]:
    tables = domain.router.nodes["router-1"].tables.values()
    hosts = [(route.host, route.cluster, route.page) for table in tables for route in table.hosts]
    clusters = [(cluster.name, len(cluster.endpoints)) for table in tables for cluster in table.clusters]
    return sorted([*hosts, *clusters], key=str)


def served(domain: Domain) -> dict[str, object]:
    """What an installation serves, and how, whatever its rows are numbered."""
    found: dict[str, object] = {
        route.host: (domain.serves(route.host), route.page)
        for table in domain.router.nodes["router-1"].tables.values()
        for route in table.hosts
        if ".scm." not in route.host
    }
    for slot in Slot.objects.select_related("site", "workload__active_deployment"):
        deployment = slot.workload.active_deployment if slot.workload else None
        settings_there = sorted((row.name, row.value) for row in [*slot.settings.all(), *slot.workload.settings.all()])
        found[slot.title] = (
            slot.instance_count,
            slot.is_running,
            deployment.message if deployment else None,
            settings_there,
        )
    found["sites"] = sorted(Site.objects.values_list("name", "mode"))
    return found
