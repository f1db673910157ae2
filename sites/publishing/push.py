"""The publication of a push: asked for when git's hook asks, told to its client line by line, decided by its end."""

import asyncio
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import DatabaseError, close_old_connections

from sites.errors import ArchiveRefused, GreenroomError, NoSpaceLeft, ServerFault, is_disk_full
from sites.models import OperationState, Slot
from sites.plain_text import one_line
from sites.publishing.conversation import in_thread
from sites.publishing.story import Story
from sites.publishing.waiting import waiting
from sites.repositories.job import Job
from sites.services import deployments
from sites.services.publisher import Publisher

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
LOOK_SECONDS = 0.2
NEWS_SECONDS = 1.0
RESTARTED = (
    "Greenroom's control plane is being restarted. The publication goes on: its end stands in the portal, under "
    "Deployments. Push again in a moment to see it here."
)

logger = logging.getLogger(__name__)
publishing = ThreadPoolExecutor(2, "push")
"""Unpacking an archive takes long, and a processor."""


class Push:
    """One push to a slot."""

    def __init__(self, slot: Slot, publisher: Publisher, *, address: str) -> None:
        """`address` is where visitors reach the slot."""
        self._slot = slot
        self._title = slot.title  # asks the database, which coroutines cannot
        self._publisher = publisher
        self._address = address
        self._untold: list[str] = []

    async def attend(self, job: Job) -> None:
        """Wait for the hook's question, publish, and give the verdict. Ends with the run at the latest."""
        while not await in_thread(lambda: job.has_asked):
            await asyncio.sleep(LOOK_SECONDS)
        try:
            is_published = await self._publish(job)
        except GreenroomError as refusal:
            self._untold += str(refusal).splitlines()
            is_published = False
        except Exception:
            logger.exception("A push to '%s' failed.", self._title)
            self._untold += str(ServerFault(host=self._title)).splitlines()
            is_published = False
        while self._untold or not job.decide(is_published=is_published):
            self._tell(job)
            await asyncio.sleep(LOOK_SECONDS)

    async def _publish(self, job: Job) -> bool:
        """Whether what was pushed is in service. Raises GreenroomError."""
        story = await asyncio.get_running_loop().run_in_executor(publishing, self._begin, job)
        operation = story.operation
        while operation.is_open:
            began = asyncio.get_running_loop().time()
            await waiting.until_ended(operation.pk, NEWS_SECONDS)
            self._untold += await in_thread(lambda: _asked(story))
            self._tell(job)
            if operation.is_open and asyncio.get_running_loop().time() - began < NEWS_SECONDS / 2:
                self._untold.append(RESTARTED)  # the server lets go of all who wait
                return False
        is_published = operation.state == OperationState.SUCCEEDED
        self._untold += story.outcome()
        if is_published:
            self._untold.append(f"Published to {self._address}")
        return is_published

    def _begin(self, job: Job) -> Story:
        """Ask for the publication. Raises GreenroomError."""
        with _translated(self._slot):
            commit, branch, author, subject = map(one_line, job.asked())
            archive = job.take_content()
            # Both come out of the sandbox, so they are what they have to be, or nothing
            if archive is None or not COMMIT.fullmatch(commit) or branch not in self._slot.branches:
                raise ArchiveRefused(reason="git gave no files of this commit", remedy="Push again.")
            operation = deployments.publish_zip(
                acting_user=self._publisher.user,
                author=author or self._publisher.name,
                actor_name=self._publisher.name,
                slot=self._slot,
                archive=archive,
                message=subject or f"Commit {commit[:10]}",
                deployer="Git",
                commit=commit,
                branch=branch,
            )
            self._untold += [
                f"Commit {commit[:10]} of '{branch}' is being published to '{self._slot.title}'.",
                *deployments.recognised(operation.deployment),
            ]
            return Story(operation)

    def _tell(self, job: Job) -> None:
        self._untold = job.tell(self._untold)


def _asked(story: Story) -> list[str]:
    close_old_connections()
    try:
        return story.news()
    except DatabaseError as error:
        logger.warning("The database does not say how far a push is: %s", error)
        return []
    finally:
        close_old_connections()


@contextmanager
def _translated(slot: Slot) -> Iterator[None]:
    """Whatever goes wrong ends in a sentence, and the connection to the database is given back."""
    close_old_connections()
    try:
        yield
    except GreenroomError:
        raise
    except Exception as error:
        if is_disk_full(error):
            raise NoSpaceLeft(what="Your push", holds="Nothing was changed.") from error
        logger.exception("A push to '%s' failed.", slot.title)
        raise ServerFault(host=slot.title) from error
    finally:
        close_old_connections()
