"""From an archive to a deployment: looked at, refused as early as possible, unpacked, and named by a row."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sites import kept_deployments
from sites.content import archive as zips
from sites.content import recognition, store, uploads
from sites.content.recipe import Recipe
from sites.content.recognition import Choices
from sites.content.uploads import in_units
from sites.disk.use import Use
from sites.errors import ArchiveRefused, QuotaExceeded
from sites.models import Deployment, Site

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""Zero bytes and halves of characters: no process takes them, nor does a JSON column of PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a publication comes from, for its history."""

    message: str
    author: str
    """Of the content; who publishes it stands in the operation."""
    deployer: str
    """The way: Portal, ZipDeploy, Git."""
    commit: str = ""
    branch: str = ""
    """Of a repository."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An archive whose files lie on the disk and belong to nobody yet."""

    recipe: Recipe
    content: store.Content
    draft: store.Draft

    def deployment(self, origin: Origin) -> Deployment:
        """The row, which a kind of operation saves as what it brings."""
        return Deployment(
            content_digest=self.content.digest,
            content_bytes=self.content.bytes,
            content_files=self.content.files,
            kind=self.recipe.kind,
            command=list(self.recipe.command),
            message=origin.message[:200] or "Publication without a message",
            author=origin.author[:150],
            deployer=origin.deployer,
            commit=origin.commit,
            branch=origin.branch[:200],
        )

    def place(self) -> None:
        """Put the content in its place: the last thing to do in the transaction of a publication."""
        self.draft.place(self.content)


@contextmanager
def unpacked(
    archive: Path,
    *,
    subscription_id: int,
    name: str,
    site: Site | None = None,
    choices: Choices | None = None,
    is_stripped: bool = True,
) -> Iterator[Unpacked]:
    """An archive for the web site `name`, which may not be there yet. What is not deployed leaves nothing behind.

    With `is_stripped` a single folder around everything is taken off.

    Raises ArchiveRefused, what recognition refuses, QuotaExceeded, DiskFull and UploadsBusy; all but damaged files
    are found by the list of entries, before anything is unpacked.
    """
    with uploads.turn(str(subscription_id)), zips.opened(archive, is_stripped=is_stripped) as packed:
        recipe = recognition.recognise(packed, choices)
        ensure_text(recipe)
        uploads.ensure_disk()
        ensure_content_fits(packed.use, name=name, site=site)
        with store.new_content() as draft:
            packed.unpack(draft)
            content = draft.seal()
            with store.naming():
                yield Unpacked(recipe, content, draft)


def ensure_text(recipe: Recipe) -> None:
    """Raises ArchiveRefused for a command that no program can be started with."""
    lines = [*recipe.command, *recipe.build_steps, recipe.release or ""]
    if any(_NO_TEXT.search(line) for line in lines):
        raise ArchiveRefused(
            reason="a command in its Procfile or package.json contains a zero byte or half a character",
            remedy="Write that command anew, as UTF-8, and publish again.",
        )


def ensure_content_fits(new: Use, *, name: str, site: Site | None) -> None:
    """Raises QuotaExceeded when a new content would not fit beside what the site's slots and its roll-back need.

    What else is kept of former deployments makes room by itself.
    """
    quota = kept_deployments.content_quota()
    wanted = new + (kept_deployments.use_of(kept_deployments.needed(site)) if site else Use())
    if wanted.is_within(quota):
        return
    if quota.bytes and wanted.bytes > quota.bytes:
        values = {"wanted": in_units(wanted.bytes), "limit": in_units(quota.bytes), "setting": "SITE_CONTENT_BYTES"}
    else:
        values = {
            "wanted": f"{wanted.files:,} files",
            "limit": f"{quota.files:,} files",
            "setting": "SITE_CONTENT_FILES",
        }
    raise QuotaExceeded(name=name, **values)
