"""Requests for slots without instances wait here until these run: Envoy asks before it sends such a request on.

Envoy's filter `ext_authz` is that question. It tells nothing of the request but which slot it is for, and goes on with
the request when it is answered, to wherever the host name leads then.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import grpc.aio
from envoy.service.auth.v3 import external_auth_pb2, external_auth_pb2_grpc
from google.rpc import code_pb2, status_pb2

from sites.router.table import RouteTable
from sites.router.xds.hold_filter import HOLD_SECONDS, NOT_NOW, SITE, SLOT
from sites.router.xds.nodes import Nodes

MOST_OF_SLOT = 200
"""Requests that wait for one slot. One more gets the page of a web site that starts."""
MOST = 600
"""Requests that wait for all slots together."""
LOOK_SECONDS = 0.05
AGAIN_SECONDS = 5.0
"""After so long the instances are asked for again: what was asked may have been lost."""
ACKNOWLEDGED_SECONDS = 5.0

Wake = Callable[[int], Awaitable[None]]
"""Has the instances of a slot started. Raises anything while the database is away."""

logger = logging.getLogger(__name__)


class Holds:
    """Who waits for which slot. A slot is woken once, however many wait for it."""

    def __init__(self, nodes: Nodes, wake: Wake, seconds: float = HOLD_SECONDS) -> None:
        self._nodes = nodes
        self._wake = wake
        self._seconds = seconds
        self._waking: dict[int, asyncio.Task[bool]] = {}
        self.waiting: Counter[int] = Counter()
        """Slot → requests that wait for it."""

    async def wait(self, site_id: int, slot_id: int) -> bool:
        """Until the slot's requests can be sent on; False: they cannot in time, or too many wait."""
        if not self._is_held(site_id, slot_id):
            await self._until_acknowledged(site_id)
            return True
        task = self._waking.get(slot_id)
        if task is None:
            task = asyncio.create_task(self._have_started(site_id, slot_id))
            self._waking[slot_id] = task
            task.add_done_callback(lambda _: self._waking.pop(slot_id, None))
        # Whoever is turned away has the slot woken all the same: a crowd at others keeps none asleep
        if self.waiting[slot_id] >= MOST_OF_SLOT or self.waiting.total() >= MOST:
            return False
        self.waiting[slot_id] += 1
        try:
            return await asyncio.shield(task)  # a visitor who goes away takes nothing from the others
        finally:
            self.waiting[slot_id] -= 1
            if not self.waiting[slot_id]:
                del self.waiting[slot_id]

    def close(self) -> None:
        """Let nobody wait any longer."""
        for task in list(self._waking.values()):
            task.cancel()

    async def _have_started(self, site_id: int, slot_id: int) -> bool:
        clock = asyncio.get_running_loop().time
        deadline, asked_at = clock() + self._seconds, float("-inf")
        while clock() < deadline:
            if not self._is_held(site_id, slot_id):
                await self._until_acknowledged(site_id)
                return True
            if clock() - asked_at > AGAIN_SECONDS:
                asked_at = clock()
                try:
                    await self._wake(slot_id)
                except Exception as error:  # any failure of a database means the same here
                    logger.error("The instances of slot %d cannot be asked for: %s", slot_id, error)
            await asyncio.sleep(LOOK_SECONDS)
        return False

    async def _until_acknowledged(self, site_id: int) -> None:
        """Whoever asks may have routes of before, and after a restart of this server it connects again by and by."""
        deadline = asyncio.get_running_loop().time() + ACKNOWLEDGED_SECONDS
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            version = self._nodes.cache.version(site_id)
            if version is None or (await self._nodes.wait(site_id, version, left)).versions:
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _is_held(self, site_id: int, slot_id: int) -> bool:
        table: RouteTable | None = self._nodes.cache.tables.get(site_id)
        return table is not None and any(route.is_held for route in table.hosts if route.slot_id == slot_id)


class Holding(external_auth_pb2_grpc.AuthorizationServicer):
    """What Envoy asks of each request for a slot that may have no instances."""

    def __init__(self, holds: Holds) -> None:
        self._holds = holds

    async def Check(
        self, request: external_auth_pb2.CheckRequest, context: grpc.aio.ServicerContext
    ) -> external_auth_pb2.CheckResponse:
        """Answered once the request can be sent on."""
        place: Mapping[str, str] = request.attributes.context_extensions
        site, slot = place.get(SITE, ""), place.get(SLOT, "")
        if site.isdecimal() and slot.isdecimal() and await self._holds.wait(int(site), int(slot)):
            return _GO_ON
        return _DENIED


# Envoy looks for the route again, which a swap may have changed meanwhile, only if a header is
_GO_ON = external_auth_pb2.CheckResponse(
    status=status_pb2.Status(code=code_pb2.OK),
    ok_response=external_auth_pb2.OkHttpResponse(headers_to_remove=["x-greenroom-held"]),
)
_DENIED = external_auth_pb2.CheckResponse(
    status=status_pb2.Status(code=code_pb2.UNAVAILABLE),
    denied_response=external_auth_pb2.DeniedHttpResponse(status={"code": NOT_NOW}),
)
