"""Remove contents, builds and logs that nothing needs any more, and what killed processes left."""

from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from django.conf import settings

from sites import kept_deployments
from sites.content import build, samples, store, tools
from sites.disk import trees
from sites.disk.folders import is_older
from sites.disk.use import Use, measure
from sites.errors import RuntimeUnreachable
from sites.models import DeletedSlot, Deployment, IdempotentRequest, Revision, Site, Slot
from sites.models.clock import now
from sites.operations import deleted_slots
from sites.repositories import place

KEPT_LOG_DAYS = 90
MEASURED_AT_ONCE = 100


def run() -> None:
    """One round."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    deleted_slots.drop_expired()
    IdempotentRequest.objects.filter(created_at__lt=now() - IdempotentRequest.KEPT).delete()
    _measure_new()
    for site in Site.objects.filter(workloads__deployments__content_removed_at=None).distinct():
        supersede(site)
    with store.removing():
        in_use = _in_use()
        doomed = [*store.set_aside_unused(in_use), *build.set_aside_unused_builds(in_use)]
        doomed += tools.set_aside_unused(_tools_in_use())
    for folder in doomed:
        trees.remove(folder)
    _remove_old_logs()
    _remove_repositories()
    _remove_logs_of_former_slots()
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


def _in_use() -> set[str]:
    """Names of contents and builds."""
    shown = {Path(revision.runnable["app"]) for revision in Revision.objects.filter(state__in=Revision.OPEN)}
    # An app folder is CONTENT_DIR/<digest> or BUILD_DIR/<digest>/app; a revision may outlive its deployment's row
    of_revisions = {folder.name for folder in shown} | {folder.parent.name for folder in shown}
    named = Deployment.objects.filter(content_removed_at=None).values_list("content_digest", "build_digest")
    of_deployments = {digest for pair in named for digest in pair if digest}
    return of_revisions | of_deployments | deleted_slots.kept_digests() | {samples.placeholder_content().digest}


def _tools_in_use() -> set[str]:
    """Names of the folders of interpreters that instances, deployments and deleted slots need."""
    deployments = Deployment.objects.filter(content_removed_at=None)
    named = [*deployments.values_list("traits", flat=True), *DeletedSlot.objects.values_list("traits", flat=True)]
    folders = {Path(folder) for traits in named for folder in traits.get("tools", ())}
    for revision in Revision.objects.filter(state__in=Revision.OPEN):
        folders |= {Path(mount["source"]) for mount in revision.runnable["mounts"]}
    inside = (folder for folder in folders if folder.is_relative_to(settings.TOOL_DIR))
    return {folder.relative_to(settings.TOOL_DIR).parts[0] for folder in inside}


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
