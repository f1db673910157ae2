"""The end of everything at once, as when the machine loses its power; and what of it a new start does not find."""

import contextlib
import json
import signal
from pathlib import Path

from sites.runtime.agent import firewall, identity, links
from sites.runtime.agent.addresses import CLAIMS, block_of, gateway_of
from sites.runtime.agent.identity import Identity
from sites.runtime.agent.monitor import Monitor
from tests.live.system import PARTS, System, wait_for


def octet_of(system: System) -> int:
    """Which block of addresses the system has."""
    (claim,) = (path for path in CLAIMS.glob("network-*") if path.read_text() == str(system.data / "instances"))
    return int(claim.name.rpartition("-")[2])


def kill_everything(system: System) -> None:
    """kill -9 of `up`, all parts, and all instances."""
    assert system.up is not None
    system.remember()
    parts = {one for name in PARTS if (one := identity.identify(system.pid(name))) is not None}
    roots = parts | _sandboxes(system)
    everything = roots | {one for who in roots for one in _descendants(who.pid)}
    system.up.kill()
    system.up.wait(10)
    for who in everything:
        identity.send(who, signal.SIGKILL)
    wait_for(lambda: not any(map(_is_alive, everything)), 60, "nothing runs any more")


def reboot(system: System) -> None:
    """Kill everything, and take away what a kernel that starts anew does not have."""
    octet = octet_of(system)
    kill_everything(system)
    for name in links.names_with(f"room{octet}-"):
        links.remove(name)
    firewall.remove(f"greenroom_{octet}")
    links.remove_gateway(gateway_of(octet))
    with contextlib.suppress(OSError):
        links.run_ip("route", "delete", "unreachable", block_of(octet))
    (CLAIMS / f"network-{octet}").unlink()
    for path in _records(system):
        record = json.loads(path.read_text())
        for process in ("monitor", "child"):
            record[process]["boot"] = "the boot before"
        path.write_text(json.dumps(record))


def _records(system: System) -> list[Path]:
    return list((system.data / "instances" / "revisions").glob("*/*/run.json"))


def _sandboxes(system: System) -> set[Identity]:
    monitors = [monitor for path in _records(system) if (monitor := Monitor.read(path.parent)) is not None]
    return {who for one in monitors for who in (one.record.monitor, one.record.child) if who is not None}


def _descendants(pid: int) -> set[Identity]:
    children = [one for child in identity.children_of(pid) if (one := identity.identify(child)) is not None]
    return {one for child in children for one in (child, *_descendants(child.pid))}


def _is_alive(who: Identity) -> bool:
    return identity.identify(who.pid) == who
