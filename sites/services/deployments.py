"""Publish content to a slot."""

import codecs
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from sites import access
from sites.content import recognition, store
from sites.content.tree import Folder
from sites.errors import Refused
from sites.logs.files import BLOCK, blocks, tail
from sites.models import Deployment, Operation, Slot
from sites.operations.kinds.publish import PUBLISH
from sites.plain_text import log_text
from sites.planning import build_log, configuration
from sites.services import archives, requests
from sites.services.plain_line import plain_line
from sites.services.swaps import why_not_swap_into

LINES_SHOWN = 2000
"""Of a log, on its page."""


def publish_zip(
    *,
    acting_user: User | None,
    author: str,
    slot: Slot,
    archive: Path,
    message: str,
    deployer: str,
    actor_name: str = "",
    commit: str = "",
    branch: str = "",
) -> Operation:
    """Publish a zip as the slot's whole content; `acting_user` is None for the slot's own credentials.

    `author` wrote the content, and also publishes it unless `actor_name` says who does. What is a commit of a
    repository keeps its folders as they are. `deployer` is the way: Portal, ZipDeploy, Git.

    Raises SlotBusy and what `archives.unpacked` refuses, with nothing left behind.
    """
    if acting_user is not None:
        slot = access.get_slot_for_change(acting_user, slot.site.name, slot.name)
    origin = archives.Origin(
        plain_line(message, "The message of the publication"),
        plain_line(author, "The author"),
        deployer,
        commit,
        branch,
    )
    requests.ensure_free([slot], wanted=PUBLISH)
    site = slot.site
    choices = configuration(slot, slot.current_workload).choices
    with (
        archives.unpacked(
            archive,
            subscription_id=site.subscription_id,
            name=site.name,
            site=site,
            choices=choices,
            is_stripped=not commit,
        ) as content,
        transaction.atomic(),
    ):
        operation = requests.begin(
            PUBLISH,
            acting_user=acting_user,
            actor_name=actor_name or author,
            site=site,
            slots=touched(slot),
            target=slot.title,
            deployment=content.deployment(origin),
        )
        content.place()
        return operation


def touched(slot: Slot) -> list[Slot]:
    """An auto swapped slot's publication holds production from the beginning, so that nothing comes in between."""
    production = [] if not slot.is_auto_swapped else [slot.site.slots.get(is_production=True)]
    for one in production:
        refusal = why_not_swap_into(slot, one)
        if refusal is not None:
            raise type(refusal)(
                f"{refusal} '{slot.title}' has auto swap, so nothing was published either; "
                "switch that off under Configure to publish without a swap.",
                **refusal.values,
            )
    return [slot, *production]


def recognised(deployment: Deployment) -> list[str]:
    """What a deployment that was just asked for is, in words; nothing when its content says nothing any more."""
    with suppress(FileNotFoundError, Refused):
        return [recognition.recognise(Folder(store.path_of(deployment.content_digest))).summary]
    return []


def received(slot: Slot) -> QuerySet[Deployment]:
    """The deployments that were published to the slot, newest first, wherever a swap has taken them since."""
    return slot.deployments.select_related("workload__slot")


def find_received(slot: Slot, public_id: str) -> Deployment | None:
    """One of them by its public id, or the newest by the name `latest`; None when there is none."""
    if public_id == "latest":
        return received(slot).first()
    try:
        return received(slot).filter(public_id=uuid.UUID(public_id)).first()
    except ValueError:  # it is no id
        return None


def end_of_log(deployment: Deployment) -> str:
    """The last LINES_SHOWN lines of a build and its release command, so that they can do nothing to what shows them."""
    return log_text("\n".join(tail(build_log(deployment), LINES_SHOWN)))


def whole_log(deployment: Deployment) -> Iterator[bytes]:
    """All that is kept of it, as text in UTF-8 that acts on no terminal; its two files have a limit."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    for block in blocks(build_log(deployment)):
        lines, end, rest = (rest + decoder.decode(block)).rpartition("\n")
        yield log_text(lines + end).encode()
        if len(rest) > BLOCK:
            yield log_text(rest).encode()
            rest = ""
    yield log_text(rest + decoder.decode(b"", final=True)).encode()
