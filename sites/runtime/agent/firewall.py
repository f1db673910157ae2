"""The rules that keep sites from each other and from the host, and let them reach the internet."""

import json
import os
import subprocess
from pathlib import Path

INTERFACES = "room*"
"""All instances of all installations on this machine."""


def rules(table: str, prefix: str) -> str:
    """A table that replaces itself, for `nft -f`. Only answers go from the host to an instance's request or back."""
    return f"""
table inet {table} {{ }}
delete table inet {table}
table inet {table} {{
    chain forward {{
        type filter hook forward priority filter; policy accept;
        iifname "{prefix}*" oifname "{INTERFACES}" drop
        iifname "{prefix}*" ip daddr 169.254.0.0/16 drop
        oifname "{prefix}*" ct state established,related accept
        oifname "{prefix}*" drop
    }}
    chain input {{
        type filter hook input priority filter; policy accept;
        iifname "{prefix}*" ct state established,related accept
        iifname "{prefix}*" drop
    }}
}}
"""


def way_out(table: str, network: str) -> str:
    """Hides the instances' addresses behind the host's on the way out."""
    return f"""
table inet {table} {{
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr {network} oifname != "{INTERFACES}" masquerade
    }}
}}
"""


def load(text: str) -> bool:
    """True when nft took the rules, all of them."""
    try:
        done = subprocess.run(["nft", "-f", "-"], input=text, text=True, capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def remove(table: str) -> None:
    """Takes the installation's table away."""
    load(f"table inet {table} {{ }}\ndelete table inet {table}\n")


def allow_forwarding(interface: str) -> bool:
    """Packets that arrive there may be passed on: for this interface only, not for the machine."""
    switch = Path(f"/proc/sys/net/ipv4/conf/{interface}/forwarding")
    try:
        if switch.read_text().strip() != "1":
            switch.write_text("1")
    except OSError:
        return False
    return True


def default_interface() -> str | None:
    """Where packets for the internet leave the machine."""
    done = subprocess.run(["ip", "-j", "-4", "route", "show", "default"], capture_output=True, text=True, timeout=20)
    routes = json.loads(done.stdout or "[]") if done.returncode == 0 else []
    return routes[0].get("dev") if routes else None


def is_available() -> bool:
    """nft is installed and the kernel takes a table with a connection-tracking rule."""
    table = f"greenroom_probe_{os.getpid()}"
    if not load(rules(table, "roomprobe-")):
        return False
    remove(table)
    return True
