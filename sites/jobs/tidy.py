"""Remove contents, builds and logs that nothing needs any more, and what killed processes left."""

from contextlib import suppress
from datetime import timedelta
from importlib import import_module

from django.conf import settings

from sites import kept_deployments
from sites.content import build, store, tools
from sites.disk import trees
from sites.disk.folders import is_older
from sites.disk.use import Use, measure
from sites.errors import RuntimeUnreachable
from sites.jobs import former_commands, in_use, old_events
from sites.models import Deployment, IdempotentRequest, Operation, Site, Slot
from sites.models.clock import now
from sites.operations import deleted_slots
from sites.repositories import fetching, place
from sites.runtime.registry import get_runtime

KEPT_LOG_DAYS = 90
MEASURED_AT_ONCE = 100


def run() -> None:
    """One round."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    deleted_slots.drop_expired()
    IdempotentRequest.objects.filter(created_at__lt=now() - IdempotentRequest.KEPT).delete()
    old_events.run()
    _measure_new()
    for site in Site.objects.filter(workloads__deployments__content_removed_at=None).distinct():
        supersede(site)
    with store.removing():
        names = in_use.contents_and_builds()
        doomed = [*store.set_aside_unused(names), *build.set_aside_unused_builds(names)]
        doomed += tools.set_aside_unused(in_use.interpreters())
    for folder in doomed:
        trees.remove(folder)
    _remove_old_logs()
    _remove_repositories()
    _remove_logs_of_former_slots()
    former_commands.remove_output()
    sweep()


def _remove_repositories() -> None:
    stored = place.stored()  # before the sites, so that none that is new in between is missed
    for site_id in stored - set(Site.objects.values_list("pk", flat=True)):
        place.remove(site_id)


def sweep() -> None:
    """Remove what killed processes left half done."""
    store.sweep()
    with suppress(RuntimeUnreachable):
        place.sweep()
        _forget_fetches()
        former_commands.end_forgotten()


def _forget_fetches() -> None:
    """End and remove fetches whose operation has ended, however that came."""
    kept = fetching.kept()  # before the operations, so that none that is new in between is missed
    open_ones = Operation.objects.filter(state__in=Operation.OPEN).values_list("public_id", flat=True)
    going_on = {public_id.hex for public_id in open_ones}
    for key in set(kept) - going_on:
        get_runtime().end_run(fetching.run_id_of(key))
        fetching.remove(key)


def supersede(site: Site) -> int:
    """Mark the deployments of a site whose content and build are to go; returns how many."""
    gone = [row.pk for row in kept_deployments.superseded(site)]
    return Deployment.objects.filter(pk__in=gone, content_removed_at=None).update(content_removed_at=now())


def _measure_new() -> None:
    """What was published before sizes were recorded, or restored."""
    unmeasured = Deployment.objects.filter(content_removed_at=None, content_files=0)
    for row in unmeasured[:MEASURED_AT_ONCE]:
        with suppress(FileNotFoundError):
            files = store.files(row.content_digest).values()
            built = measure(settings.BUILD_DIR / row.build_digest) if row.build_digest else Use()
            Deployment.objects.filter(pk=row.pk).update(
                content_bytes=sum(file.size for file in files),
                content_files=len(files),
                build_bytes=built.bytes,
                build_files=built.files,
            )


def _remove_old_logs() -> None:
    """Logs of deployments that are gone from disk, or from the database, after some time."""
    folder = settings.LOG_DIR / "deployments"
    old = [log for log in folder.glob("*.log*") if is_older(log, timedelta(days=KEPT_LOG_DAYS).total_seconds())]
    kept = Deployment.objects.filter(content_removed_at=None).values_list("public_id", flat=True)
    names = {public_id.hex for public_id in kept}
    for log in old:
        if log.name.partition(".")[0] not in names:
            log.unlink(missing_ok=True)


def _remove_logs_of_former_slots() -> None:
    """Web server logs of slots that are gone; a number is never given to another slot."""
    present = {str(pk) for pk in Slot.objects.values_list("pk", flat=True)}
    for log in (settings.LOG_DIR / "requests").glob("*"):
        if log.name.partition(".")[0] not in present:
            log.unlink(missing_ok=True)
