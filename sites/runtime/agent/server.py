"""The agent's HTTP interface on its unix socket; every answer carries the protocol's version."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from sites.errors import StaleOrder, is_disk_full
from sites.runtime import codec
from sites.runtime.agent.supervisor import NoRoom, Supervisor
from sites.runtime.memory import available_mb

LARGEST_ORDER_BYTES = 16 * 1024 * 1024
MAX_WAIT_SECONDS = 10.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(status: int = 200, **data: Any) -> web.Response:
    """JSON with the protocol's version."""
    return web.json_response({"protocol": codec.PROTOCOL, **data}, status=status)


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as answers: 409 stale, 507 no room, 400 not understood, 404 no such thing, 500 it cannot."""
    try:
        return await handler(request)
    except NoRoom as error:
        return answer(507, error=str(error), reason="memory")
    except StaleOrder as error:
        return answer(409, error=str(error))
    except (KeyError, TypeError, ValueError) as error:
        return answer(400, error=f"{type(error).__name__}: {error}")
    except web.HTTPException as error:
        return answer(error.status, error=error.reason)
    except OSError as error:
        return answer(507 if is_disk_full(error) else 500, error=str(error))


class Server:
    """Handlers over a supervisor. `is_ending` is set when somebody has asked the agent to end."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.is_ending = asyncio.Event()

    def application(self) -> web.Application:
        """What the unix socket serves."""
        application = web.Application(middlewares=[refusals], client_max_size=LARGEST_ORDER_BYTES)
        application.add_routes(
            [
                web.get("/status", self.status),
                web.get("/instances", self.instances),
                web.put("/revisions/{id}", self.put_revision),
                web.get("/revisions/{id}/{ordinal}/log", self.log),
                web.get("/revisions/{id}/{ordinal}/listening", self.listening),
                web.post("/output", self.output),
                web.post("/usage", self.usage),
                web.post("/revisions/{id}/cut", self.cut),
                web.post("/probes", self.probes),
                web.post("/probes/end", self.end_probes),
                web.put("/limits", self.put_limits),
                web.put("/runs/{id}", self.put_run),
                web.get("/runs/{id}", self.run),
                web.delete("/runs/{id}", self.delete_run),
                web.post("/shutdown", self.shut_down),
            ]
        )
        return application

    async def status(self, request: web.Request) -> web.Response:
        """What this agent is and has."""
        isolation = self._supervisor.machine.isolation
        counts = self._supervisor.counts
        data = asdict(isolation)
        data["facts"] = [*isolation.facts, self._supervisor.machine.places.fact]
        return answer(**data, **counts, memory_available_mb=available_mb())

    async def instances(self, request: web.Request) -> web.Response:
        """All instances, or those of ?revisions=1,2."""
        given = request.query.get("revisions")
        ids = None if given is None else [int(item) for item in given.split(",") if item]
        return answer(instances=[codec.encode(item) for item in self._supervisor.observe(ids)])

    async def put_revision(self, request: web.Request) -> web.Response:
        """A RevisionSpec."""
        spec = codec.revision_spec(await request.json())
        if spec.revision_id != int(request.match_info["id"]):
            raise ValueError("the address names another revision than the order")
        self._supervisor.apply(spec)
        return answer()

    async def log(self, request: web.Request) -> web.Response:
        """?lines=20 of one instance."""
        lines = min(int(request.query.get("lines", "20")), 10_000)
        revision_id, ordinal = int(request.match_info["id"]), int(request.match_info["ordinal"])
        return answer(lines=await asyncio.to_thread(self._supervisor.log_tail, revision_id, ordinal, lines))

    async def listening(self, request: web.Request) -> web.Response:
        """Where one instance listens."""
        revision_id, ordinal = int(request.match_info["id"]), int(request.match_info["ordinal"])
        return answer(addresses=await asyncio.to_thread(self._supervisor.listening, revision_id, ordinal))

    async def output(self, request: web.Request) -> web.Response:
        """An OutputOrder."""
        order = codec.output_order(await request.json())
        pieces = await asyncio.to_thread(self._supervisor.read_output, order)
        return answer(pieces=[codec.encode(piece) for piece in pieces])

    async def usage(self, request: web.Request) -> web.Response:
        """{"revisions": ids}."""
        ids = {int(one) for one in (await request.json())["revisions"]}
        return answer(usage=[codec.encode(one) for one in await asyncio.to_thread(self._supervisor.usage, ids)])

    async def cut(self, request: web.Request) -> web.Response:
        """{"fraction": 0 … 1}."""
        fraction = float((await request.json())["fraction"])
        return answer(cut=await self._supervisor.cut(int(request.match_info["id"]), fraction))

    async def probes(self, request: web.Request) -> web.Response:
        """{"probes": [ProbeSpec, …], "wait_seconds": 0 … 10}: how far all of them are."""
        data = await request.json()
        specs = [codec.probe_spec(item) for item in data["probes"]]
        self._supervisor.probes.order(specs)
        seconds = min(float(data["wait_seconds"]), MAX_WAIT_SECONDS)
        found = await self._supervisor.probes.wait([spec.probe_id for spec in specs], seconds)
        return answer(probes=[codec.encode(item) for item in found])

    async def end_probes(self, request: web.Request) -> web.Response:
        """{"prefix": the beginning of their ids}."""
        self._supervisor.probes.end(str((await request.json())["prefix"]))
        return answer()

    async def put_limits(self, request: web.Request) -> web.Response:
        """MachineLimits; answers what is known of the folders."""
        uses = self._supervisor.keep_limits(codec.machine_limits(await request.json()))
        return answer(folders=[codec.encode(use) for use in uses])

    async def put_run(self, request: web.Request) -> web.Response:
        """A RunSpec."""
        spec = codec.run_spec(await request.json())
        if spec.run_id != request.match_info["id"]:
            raise ValueError("the address names another run than the order")
        self._supervisor.start_run(spec)
        return answer()

    async def run(self, request: web.Request) -> web.Response:
        """How far a run is."""
        return answer(run=codec.encode(self._supervisor.observe_run(request.match_info["id"])))

    async def delete_run(self, request: web.Request) -> web.Response:
        """Answers when it has ended."""
        await self._supervisor.end_run(request.match_info["id"])
        return answer()

    async def shut_down(self, request: web.Request) -> web.Response:
        """{"instances": true} ends them all first, and answers when that is done."""
        data = await request.json() if request.can_read_body else {}
        if data.get("instances"):
            await self._supervisor.stop_all()
            await self._supervisor.machine.close_places()
        self.is_ending.set()
        return answer()
