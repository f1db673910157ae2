"""Remove contents, builds and leftovers that no record names any more."""

from importlib import import_module
from pathlib import Path

from django.conf import settings

from sites.content import build, samples, store
from sites.jobs import keeping
from sites.models import Deployment, Revision


def run() -> None:
    """One round; what is younger than an hour stays, because its record may not be written yet."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    keeping.drop_expired()
    shown = {Path(revision.runnable["app"]) for revision in Revision.objects.filter(state__in=Revision.OPEN)}
    # An app folder is CONTENT_DIR/<digest> or BUILD_DIR/<digest>/app; a revision may outlive its deployment's row
    in_use = {folder.name for folder in shown} | {folder.parent.name for folder in shown}
    named = Deployment.objects.values_list("content_digest", "build_digest")
    digests = {digest for pair in named for digest in pair if digest} | in_use | keeping.kept_digests()
    store.remove_unused(digests | {samples.placeholder_content().digest})
    build.remove_unused_builds(digests)
    store.sweep()
