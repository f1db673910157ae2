"""Starts the agent: `python -m sites.runtime.agent --state DIR --socket PATH`."""

import argparse
import asyncio
import fcntl
import logging
import logging.config
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from sites import log_lines
from sites.runtime.agent.isolation import probe
from sites.runtime.agent.machine import Machine
from sites.runtime.agent.server import Server
from sites.runtime.agent.supervisor import Supervisor

logger = logging.getLogger("sites.runtime.agent")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sites.runtime.agent", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of specs, records and logs")
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to listen on")
    parser.add_argument("--isolation", choices=("auto", "strong", "partial", "none"), default="auto")
    parser.add_argument(
        "--toolchain", action="append", default=[], help="folder shown read-only to every site at its own path"
    )
    return parser.parse_args()


async def serve(supervisor: Supervisor, socket: Path) -> None:
    """Serves until it is told to end; instances go on unless the order said otherwise."""
    await supervisor.load()
    server = Server(supervisor)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.is_ending.set)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    socket.unlink(missing_ok=True)
    mask = os.umask(0o077)
    await web.UnixSite(runner, str(socket)).start()
    os.umask(mask)
    tidying = loop.create_task(supervisor.tidy())
    logger.info("Ready, isolation %s.", supervisor.machine.isolation.level)
    await server.is_ending.wait()
    tidying.cancel()
    await runner.cleanup()
    await supervisor.leave()


def main() -> int:
    """Exit codes: 0 told to end, 1 cannot start here; the reason is on stderr."""
    options = arguments()
    logging.config.dictConfig(log_lines.configuration("INFO"))
    os.umask(0o022)  # what sites expect; the state folder and the socket are for this user only
    state: Path = options.state.resolve()
    socket: Path = options.socket.absolute()
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    socket.parent.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.error("Another agent works on %s. Nothing was started.", state)
            return 1
        isolation = probe(options.isolation)
        if not isolation.is_usable:
            logger.error(
                "Isolation %s is not possible here: %s. Remedy: %s",
                options.isolation,
                "; ".join(isolation.missing),
                isolation.remedy,
            )
            return 1
        toolchain = tuple(str(Path(folder).absolute()) for folder in options.toolchain)
        os.chdir("/")
        asyncio.run(serve(Supervisor(Machine(state, isolation, toolchain)), socket))
    return 0


if __name__ == "__main__":
    sys.exit(main())
