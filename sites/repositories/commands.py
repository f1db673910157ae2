"""Which program of git answers a request, under which configuration and limits, as an order for the runtime."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.conf import settings

from sites.disk.use import Use
from sites.repositories.place import repository_of, run_id_of
from sites.runtime.spec import Limits, Mount, RunSpec

PROGRAMS = Path(__file__).resolve().with_name("programs")
TARGET, REPOSITORY, IN, OUT = "/git", "/repository", "/in", "/out"
"""Folders inside the sandbox."""
MAX_REFS = 500
"""Branches and tags of a slot, and of one push."""
READ_SECONDS = 900.0
WRITE_SECONDS = 3600.0
"""A push waits for its build, release command and warm-up."""
LIMITS = Limits(memory_mb=1024, cpus=1.0, processes=64)
TOLERATED = (
    "missingEmail badEmail missingNameBeforeEmail missingSpaceBeforeEmail missingSpaceBeforeDate badDate badTimezone "
    "zeroPaddedFilemode zeroPaddedDate nullSha1 badName multipleAuthors duplicateParents"
).split()
"""Faults of old histories that do no harm, as the large hosts of repositories accept them."""
NO_LIMIT = 2**62
PROTOCOL = re.compile(r"version=\d+(:[a-z0-9=-]{1,40}){0,8}")


class Service(StrEnum):
    """What a client asks for."""

    RECEIVE_PACK_REFS = "receive-pack-refs"
    UPLOAD_PACK_REFS = "upload-pack-refs"
    RECEIVE_PACK = "receive-pack"
    UPLOAD_PACK = "upload-pack"
    UPLOAD_PACK_GZIP = "upload-pack-gzip"


REFS = (Service.RECEIVE_PACK_REFS, Service.UPLOAD_PACK_REFS)
"""They list the branches, and take a moment."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a slot's repository."""

    service: Service
    site_id: int
    slot_id: int
    name: str
    """For people: 'contoso (staging)'."""
    branches: tuple[str, ...]
    """Those whose push is deployed; the first is the usual one."""
    served_branch: str = ""
    served_commit: str = ""
    """What the slot serves now; empty: nothing that came by git."""
    protocol: str = ""
    """The client's header Git-Protocol."""


@dataclass(frozen=True, slots=True)
class Exclusive:
    """What a run may do because nothing else runs meanwhile."""

    is_synced: bool
    """No push to the slot: have its branch show what the slot serves."""
    is_cleaned: bool
    """Nothing at all in the repository: remove what no branch needs any more."""


def plan(question: Question, job: Path, *, most: Use, exclusive: Exclusive) -> RunSpec:
    """The run that answers. `most` is what repository and answer may take on the disk together; 0: no limit."""
    is_push = question.service is Service.RECEIVE_PACK
    return RunSpec(
        run_id=run_id_of(job),
        owner=question.site_id,
        name=question.name,
        command=("/bin/sh", f"{TARGET}/serve"),
        env=_environment(question, exclusive),
        mounts=(
            Mount(str(PROGRAMS), TARGET, is_writable=False),
            Mount(str(job / "in"), IN, is_writable=False),
            Mount(str(job / "out"), OUT),
            Mount(str(repository_of(question.site_id)), REPOSITORY),
        ),
        directory=OUT,
        limits=LIMITS,
        timeout_seconds=WRITE_SECONDS if is_push else READ_SECONDS,
        log=str(job / "log"),
        disk_bytes=most.bytes or NO_LIMIT,
        disk_files=most.files or NO_LIMIT,
    )


def _environment(question: Question, exclusive: Exclusive) -> dict[str, str]:
    configuration = _configuration()
    variables = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_COUNT": str(len(configuration)),
        "GIT_NAMESPACE": f"slot-{question.slot_id}",
        "GIT_PROTOCOL": question.protocol if PROTOCOL.fullmatch(question.protocol) else "",
        "REPOSITORY": REPOSITORY,
        "IN": IN,
        "OUT": OUT,
        "SERVICE": question.service.value,
        "IS_SYNCED": "yes" if exclusive.is_synced else "no",
        "IS_CLEANED": "yes" if exclusive.is_cleaned else "no",
        "BRANCHES": " ".join(question.branches),
        "SERVED_BRANCH": question.served_branch,
        "SERVED_COMMIT": question.served_commit,
        "MAX_REFS": str(MAX_REFS),
        "MAX_FILES": str(settings.MAX_ENTRIES),
        "MAX_BYTES": str(settings.MAX_UNPACKED),
    }
    for number, (key, value) in enumerate(configuration.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _configuration() -> dict[str, str]:
    """Of git. Memory stays small however large the objects are, and packs stay packed."""
    return {
        "core.hooksPath": f"{TARGET}/hooks",
        "core.bigFileThreshold": "16m",
        "core.packedGitLimit": "128m",
        "core.deltaBaseCacheLimit": "32m",
        "pack.threads": "1",
        "pack.windowMemory": "64m",
        "gc.auto": "0",
        "receive.autogc": "false",
        "receive.fsckObjects": "true",
        "receive.maxInputSize": str(settings.MAX_UPLOAD),
        "receive.shallowUpdate": "true",
        "receive.denyCurrentBranch": "ignore",
        "receive.denyDeleteCurrent": "ignore",
        "transfer.unpackLimit": "1",
        **{f"receive.fsck.{fault}": "warn" for fault in TOLERATED},
    }
