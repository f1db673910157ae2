"""The crowd at the door: slow strangers, programs that wait, and floods, all at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from tools.bench.door.h2 import Continuations, Resets, Streams, fields
from tools.bench.door.publishing import publish_form, zip_deploy
from tools.bench.door.slow import Slow, head
from tools.bench.door.tally import Tally
from tools.bench.door.target import Target

Run = Callable[[Tally, asyncio.Event], Coroutine[None, None, None]]


@dataclass(frozen=True)
class Numbers:
    """How many of each."""

    headers: int = 0
    bodies: int = 0
    publishing: int = 0
    readers: int = 0
    silent_uploads: int = 0
    idle: int = 0
    streams: int = 0
    """On each of two HTTP/2 connections."""
    resets: int = 0
    """A second."""
    publications: bool = False
    """Pipelines that wait, and one large upload to a publishing host."""
    form_upload: bool = False
    """The same upload by the portal's form."""
    upload_seconds: float = 45.0


CROWD = Numbers(headers=50, bodies=100, publishing=50, publications=True)
FLOOD = Numbers(readers=50, silent_uploads=20, idle=200, streams=100, resets=50, form_upload=True, upload_seconds=25.0)
"""What joins the crowd."""


def strangers(target: Target, numbers: Numbers) -> Sequence[Run]:
    """Clients without credentials."""
    address, portal = target.address, target.portal
    hosts = [slot.publishing_host for slot in target.pipelines] or [target.uploaded.publishing_host]
    form = {
        "Cookie": target.stranger,
        "Origin": f"http://{portal}",
        "Content_Type": "application/x-www-form-urlencoded",
    }
    body = head("POST", "/sign-in/", portal, Content_Length="100000", **form) + b"\r\nlogin="
    block = fields("POST", "/sign-in/", portal, {"cookie": target.stranger, "origin": f"http://{portal}"})
    large = head("GET", target.large_path, portal) + b"\r\n"
    slow = [
        *[Slow("headers", address, head("GET", "/sign-in/", portal) + b"X-Slow: ", b"a")] * numbers.headers,
        *[Slow("bodies", address, body, b"a")] * numbers.bodies,
        *(
            Slow("publishing", address, head("POST", "/api/zipdeploy", host, Content_Length="100000") + b"\r\n", b"a")
            for host in (hosts * numbers.publishing)[: numbers.publishing]
        ),
        *[Slow("readers", address, large, reads_slowly=True)] * numbers.readers,
        *[Slow("idle", address, head("GET", "/sign-in/", portal) + b"\r\n")] * numbers.idle,
    ]
    streams = [Streams("streams", address, block, numbers.streams)] * 2 if numbers.streams else []
    get = fields("GET", "/sign-in/", portal, {})
    floods = [Resets("resets", address, get, numbers.resets).run, Continuations("continuations", address).run]
    return [one.run for one in slow] + [one.run for one in streams] + (floods if numbers.resets else [])


def programs(target: Target, numbers: Numbers) -> Sequence[Run]:
    """Clients with credentials: pipelines that wait, large slow uploads, and uploads that never arrive."""
    address, uploaded, size = target.address, target.uploaded, target.large_zip.stat().st_size
    rate = size / numbers.upload_seconds
    asks = {"Authorization": f"Basic {uploaded.credentials}"}
    silent = head("POST", "/api/zipdeploy", uploaded.publishing_host, Content_Length=str(size), **asks) + b"\r\n"
    log = head("GET", target.log_path, uploaded.publishing_host, **asks) + b"\r\n"
    publications = [
        *(
            zip_deploy("pipelines", address, slot.publishing_host, slot.credentials, target.small_zip)
            for slot in target.pipelines
        ),
        zip_deploy("upload", address, uploaded.publishing_host, uploaded.credentials, target.large_zip, rate),
    ]
    form = publish_form(
        "upload by the form",
        address,
        target.portal,
        target.published_path,
        target.session,
        target.token,
        target.large_zip,
        rate,
    )
    slow = [
        *[Slow("silent uploads", address, silent)] * numbers.silent_uploads,
        *[Slow("log readers", address, log, reads_slowly=True)] * numbers.readers,
    ]
    uploads = [*(publications if numbers.publications else []), *([form] if numbers.form_upload else [])]
    return [one.run for one in uploads] + [one.run for one in slow]


async def come(runs: Sequence[Run], tally: Tally, stopping: asyncio.Event) -> None:
    """All of them, a few milliseconds after each other, until `stopping` is set."""
    async with asyncio.TaskGroup() as group:
        for run in runs:
            group.create_task(run(tally, stopping))
            await asyncio.sleep(0.003)
