"""What of the stored contents, builds and interpreters something names."""

from pathlib import Path

from django.conf import settings

from sites.content import samples
from sites.models import DeletedSlot, Deployment, Revision
from sites.operations import deleted_slots


def contents_and_builds() -> set[str]:
    """Their names, which are digests."""
    shown = {Path(revision.runnable["app"]) for revision in Revision.objects.filter(state__in=Revision.OPEN)}
    # An app folder is CONTENT_DIR/<digest> or BUILD_DIR/<digest>/app; a revision may outlive its deployment's row
    of_revisions = {folder.name for folder in shown} | {folder.parent.name for folder in shown}
    named = Deployment.objects.filter(content_removed_at=None).values_list("content_digest", "build_digest")
    of_deployments = {digest for pair in named for digest in pair if digest}
    return of_revisions | of_deployments | deleted_slots.kept_digests() | {samples.placeholder_content().digest}


def interpreters() -> set[str]:
    """Names of the folders of interpreters that instances, deployments and deleted slots need."""
    deployments = Deployment.objects.filter(content_removed_at=None)
    named = [*deployments.values_list("traits", flat=True), *DeletedSlot.objects.values_list("traits", flat=True)]
    folders = {Path(folder) for traits in named for folder in traits.get("tools", ())}
    for revision in Revision.objects.filter(state__in=Revision.OPEN):
        folders |= {Path(mount["source"]) for mount in revision.runnable["mounts"]}
    inside = (folder for folder in folders if folder.is_relative_to(settings.TOOL_DIR))
    return {folder.relative_to(settings.TOOL_DIR).parts[0] for folder in inside}
