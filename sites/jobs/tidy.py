"""Remove contents, builds and leftovers that no record names any more."""

from pathlib import Path

from sites.content import build, samples, store
from sites.models import Deployment, Revision
from sites.operations import deleted_slots


def run() -> None:
    """One round; what is younger than an hour stays, because its record may not be written yet."""
    deleted_slots.drop_expired()
    shown = {Path(revision.runnable["app"]) for revision in Revision.objects.filter(state__in=Revision.OPEN)}
    # An app folder is CONTENT_DIR/<digest> or BUILD_DIR/<digest>/app; a revision may outlive its deployment's row
    in_use = {folder.name for folder in shown} | {folder.parent.name for folder in shown}
    named = Deployment.objects.values_list("content_digest", "build_digest")
    digests = {digest for pair in named for digest in pair if digest} | in_use | deleted_slots.kept_digests()
    store.remove_unused(digests | {samples.placeholder_content().digest})
    build.remove_unused_builds(digests)
    store.sweep()
