"""Cutting connections to instances one by one, by the kernel's socket destruction (root only)."""

import random
import subprocess
from collections.abc import Iterable


def chosen(listing: str, fraction: float, choose: random.Random | None = None) -> list[tuple[str, int]]:
    """Local ends of the connections that `ss -tnH` listed, each with that probability; so one alone waits, too."""
    dice = choose or random.SystemRandom()
    ends = []
    for line in listing.splitlines():
        address, _, port = line.split()[2].rpartition(":")
        if dice.random() < fraction:
            ends.append((address.strip("[]"), int(port)))
    return ends


def _ss(*arguments: str) -> str:
    try:
        done = subprocess.run(["ss", "-tnH", *arguments], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def cut_connections(ends: Iterable[tuple[str, int]], fraction: float) -> int:
    """Cuts that part of the established connections from this machine to each end; returns how many were cut."""
    cut = 0
    for address, port in ends:
        there = ["state", "established", "dst", address, "dport", "=", f":{port}"]
        for _, local_port in chosen(_ss(*there), fraction):
            cut += len(_ss("-K", *there, "sport", "=", f":{local_port}").splitlines())
    return cut
