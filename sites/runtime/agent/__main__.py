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
from sites.runtime.agent.confinement import take_confinement
from sites.runtime.agent.isolation import probe
from sites.runtime.agent.machine import Machine, mark_of
from sites.runtime.agent.own_networks import Reach
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
    parser.add_argument(
        "--private-networks",
        choices=("allow", "refuse"),
        default="allow",
        help="whether sites and builds reach private networks",
    )
    parser.add_argument(
        "--name-server",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="whom sites and builds ask for addresses, in place of the machine's name servers",
    )
    return parser.parse_args()


def _sentence(error: OSError) -> str:
    text = str(error)
    return text if text.endswith(".") else f"{text}."


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
    repeated = supervisor.tidy(), supervisor.watch(), supervisor.watch_for_hangs()
    chores = [loop.create_task(work) for work in (*repeated, supervisor.machine.look_after_places())]
    logger.info("Ready, isolation %s.", supervisor.machine.isolation.level)
    await server.is_ending.wait()
    for chore in chores:
        chore.cancel()
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
        confinement = take_confinement(f"greenroom-{mark_of(state)}")
        isolation = probe(options.isolation, limits=confinement.fact, name_servers=options.name_server, folder=state)
        if not isolation.is_usable:
            logger.error(
                "Isolation %s is not possible here: %s. Remedy: %s",
                options.isolation,
                "; ".join(isolation.missing),
                isolation.remedy,
            )
            return 1
        toolchain = tuple(str(Path(folder).absolute()) for folder in options.toolchain)
        reach = Reach(options.private_networks == "allow", tuple(options.name_server))
        os.chdir("/")
        try:
            machine = Machine(state, isolation, toolchain, reach, confinement)
        except OSError as error:
            logger.error("The network of the sandboxes could not be made: %s Nothing was started.", _sentence(error))
            return 1
        asyncio.run(serve(Supervisor(machine), socket))
    return 0


if __name__ == "__main__":
    sys.exit(main())
