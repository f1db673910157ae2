"""Publish changes on top of what a slot serves, and publish a former deployment again: a new deployment each time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import transaction

from sites.content import archive as zips
from sites.content import changes, recognition, store, uploads
from sites.content.changes import Change
from sites.errors import NotFound, Outdated, Refused
from sites.models import Deployment, Operation, Slot
from sites.operations.kinds.publish import PUBLISH
from sites.planning import configuration
from sites.services import requests, storage
from sites.services.archives import Origin, Unpacked, ensure_text
from sites.services.deployments import touched
from sites.services.publisher import Publisher


def publish_file(
    *, publisher: Publisher, slot: Slot, path: str, source: Path, origin: Origin, base: Deployment | None
) -> Operation:
    """One file, new or replaced. See `_publish` for `base` and what is raised."""
    change = changes.one_file(changes.safe_path(path), source)
    return _publish(publisher, slot, change, origin, base)


def remove_path(*, publisher: Publisher, slot: Slot, path: str, origin: Origin, base: Deployment | None) -> Operation:
    """Without a file, or without a folder ('a/') and what is in it."""
    return _publish(publisher, slot, changes.removed(path), origin, base)


def publish_zip_below(
    *,
    publisher: Publisher,
    slot: Slot,
    folder: str,
    archive: Path,
    origin: Origin,
    is_folder_replaced: bool = False,
) -> Operation:
    """The files of a zip in a folder ('' is the whole site) on top of what is there, or in place of it.

    Raises ArchiveRefused, and what `_publish` does.
    """
    below = f"{changes.safe_path(folder)}/" if folder else ""
    with zips.opened(archive, is_stripped=False) as packed:
        change = changes.unpacked(packed, below, is_folder_replaced=is_folder_replaced)
        return _publish(publisher, slot, change, origin, slot.current_workload.active_deployment)


def publish_again(*, publisher: Publisher, slot: Slot, deployment: Deployment) -> Operation:
    """A former deployment of the site, as a new one; nothing is built while its build is kept.

    Raises NotAllowed, SlotBusy, and NotFound when its content was removed.
    """
    slot = publisher.checked(slot)
    requests.ensure_free([slot], wanted=PUBLISH)
    with store.naming(), transaction.atomic():
        deployment = Deployment.objects.select_for_update().get(pk=deployment.pk)
        if deployment.content_removed_at is not None or not _is_stored(deployment):
            raise Refused(
                f"The content of '{deployment.message}' was removed, because newer deployments took its place. "
                "Nothing was changed. Publish it again from where it came."
            )
        again = Deployment(
            content_digest=deployment.content_digest,
            content_bytes=deployment.content_bytes,
            content_files=deployment.content_files,
            kind=deployment.kind,
            command=deployment.command,
            traits=deployment.traits,
            message=deployment.message,
            author=deployment.author,
            deployer="Redeploy",
            commit=deployment.commit,
            branch=deployment.branch,
        )
        return _begin(slot, again, publisher)


def files_of(slot: Slot) -> tuple[Deployment, dict[str, store.FileEntry], Path]:
    """What the slot serves: deployment, its files by path, their folder. Raises NotFound before anything is there."""
    deployment = slot.current_workload.active_deployment
    if deployment is None:
        raise NotFound
    try:
        return deployment, store.files(deployment.content_digest), store.path_of(deployment.content_digest)
    except FileNotFoundError as error:
        raise NotFound from error


def _publish(publisher: Publisher, slot: Slot, change: Change, origin: Origin, base: Deployment | None) -> Operation:
    """A new deployment with a change on top of `base`, which the slot still has to serve; None: on top of nothing.

    Raises SlotBusy, Outdated, QuotaExceeded, DiskFull, UploadsBusy, and Refused for what is not recognised.
    """
    slot = publisher.checked(slot)
    requests.ensure_free([slot], wanted=PUBLISH)
    choices = configuration(slot, slot.current_workload).choices
    with uploads.turn(str(slot.site.subscription_id)), _former(base) as (former, folder):
        uploads.ensure_disk()
        storage.ensure_content_fits(change.use, name=slot.site.name, site=slot.site)
        with store.new_content() as draft:
            change.make(draft, former, folder)
            recipe = recognition.recognise(draft.tree, choices)
            ensure_text(recipe)
            content = Unpacked(recipe, draft.seal(), draft)
            with store.naming(), transaction.atomic():
                operation = _begin(slot, content.deployment(origin), publisher)
                _ensure_unchanged(slot, base)
                content.place()
                return operation


def _begin(slot: Slot, deployment: Deployment, publisher: Publisher) -> Operation:
    return requests.begin(
        PUBLISH,
        acting_user=publisher.user,
        actor_name=publisher.name,
        site=slot.site,
        slots=touched(slot),
        target=slot.title,
        deployment=deployment,
    )


def _ensure_unchanged(slot: Slot, base: Deployment | None) -> None:
    """Raises Outdated when the slot serves something else by now; it is held, so nothing comes in between any more."""
    workload = Slot.objects.select_related("workload").get(pk=slot.pk).current_workload
    if workload.active_deployment_id != (base.pk if base else None):
        raise Outdated(
            f"'{slot.title}' serves something else since you looked, so nothing was changed. Look again and try again."
        )


@contextmanager
def _former(base: Deployment | None) -> Iterator[tuple[dict[str, store.FileEntry], Path]]:
    """Files and folder of a content; it is not removed meanwhile. Raises Refused when it is gone."""
    if base is None:
        yield {}, Path()
        return
    with store.naming():
        try:
            found = store.files(base.content_digest), store.path_of(base.content_digest)
        except FileNotFoundError as error:
            sentence = "What this slot serves is gone from the server. Nothing was changed; publish a zip."
            raise Refused(sentence) from error
        yield found


def _is_stored(deployment: Deployment) -> bool:
    try:
        return store.path_of(deployment.content_digest).is_dir()
    except FileNotFoundError:
        return False
