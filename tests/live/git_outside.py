"""A host of repositories that a sandbox can reach: on another machine, as far as this one can tell."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sites.runtime.agent.links import run_ip
from tests.live.system import ROOT


@contextmanager
def git_outside(folder: Path) -> Iterator[str]:
    """Meanwhile the repositories in the folder are served at the address that is returned, `HOST:PORT`.

    As root sandboxes have networks of their own, so the host gets one too. Otherwise they share the loopback.
    """
    if os.geteuid() != 0:
        with _serving(folder, "127.0.0.1") as authority:
            yield authority
        return
    number = os.getpid() % 2**14 * 4  # a /30 of RFC 2544 for each process
    here, there = (f"198.18.{number + one >> 8}.{number + one & 255}" for one in (1, 2))
    name = f"grgit{os.getpid()}"
    try:
        run_ip("netns", "add", name)
        run_ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run_ip(batch=[f"address add {here}/30 dev {name}", f"link set {name} up"])
        batch = [
            "link set lo up",
            f"address add {there}/30 dev eth0",
            "link set eth0 up",
            f"route add default via {here}",
        ]
        run_ip("-n", name, batch=batch)
        Path(f"/proc/sys/net/ipv4/conf/{name}/forwarding").write_text("1")
        with _serving(folder, there, "ip", "netns", "exec", name) as authority:
            yield authority
    finally:
        for kind in ("link", "netns"):
            subprocess.run(["ip", kind, "delete", name], capture_output=True)


@contextmanager
def _serving(folder: Path, address: str, *prefix: str) -> Iterator[str]:
    line = [*prefix, sys.executable, "-m", "tests.git_host", str(folder), address]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()
