"""Network namespaces and the pairs of interfaces that lead into them, made by ip."""

import subprocess
from pathlib import Path

IFF_UP = 1


def run_ip(*arguments: str, batch: list[str] | None = None) -> str:
    """Runs ip. Raises OSError with what it said when it fails."""
    line = ["ip", *arguments, *(("-batch", "-") if batch else ())]
    text = "\n".join(batch) + "\n" if batch else None
    try:
        done = subprocess.run(line, input=text, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired as error:
        raise OSError(str(error)) from error
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def interface_file(name: str) -> Path:
    """There while the interface is."""
    return Path("/sys/class/net", name)


def namespace_file(name: str) -> Path:
    """There while the namespace is."""
    return Path("/run/netns", name)


def remove(name: str) -> None:
    """Removes the pair and the namespace of that name, as far as they are there."""
    for kind, path in (("link", interface_file(name)), ("netns", namespace_file(name))):
        if path.exists():
            try:
                run_ip(kind, "delete", name)
            except OSError:
                continue  # the kernel was faster: a pair goes when one end does


def is_complete(name: str) -> bool:
    """The namespace is there, and its pair was made to the last step."""
    try:
        flags = int((interface_file(name) / "flags").read_text(), 16)
    except OSError:
        return False
    return bool(flags & IFF_UP) and namespace_file(name).exists()


def names_with(prefix: str) -> set[str]:
    """Names of interfaces and namespaces that begin so."""
    folders = (Path("/sys/class/net"), Path("/run/netns"))
    return {entry.name for folder in folders for entry in folder.glob(f"{prefix}*")}


def make_pair(name: str, outside: str, inside: str) -> None:
    """A namespace and a pair of interfaces between it and the host, in place of what had that name. Raises OSError."""
    remove(name)
    run_ip(
        batch=[
            f"netns add {name}",
            f"link add {name} type veth peer name eth0 netns {name}",
            f"address add {outside}/30 dev {name}",
        ]
    )
    run_ip(
        "-n",
        name,
        batch=[
            "link set lo up",
            f"address add {inside}/30 dev eth0",
            "link set eth0 up",
            f"route add default via {outside}",
        ],
    )
    # Last, so that a pair which is up is known to be complete
    run_ip("link", "set", name, "up")
