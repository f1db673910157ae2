"""Which portal the client asks, and with which access token: of the environment, or of the last `greenroom login`."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from client.exits import Ended, Exit

SERVER, TOKEN = "GREENROOM_SERVER", "GREENROOM_TOKEN"


@dataclass(frozen=True)
class Login:
    """A portal's address without a slash at its end, and a token for it."""

    server: str
    token: str


def file() -> Path:
    """Where a login is kept, for its owner alone."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "greenroom" / "login.json"


def checked_server(text: str) -> str:
    """An address as it is kept. Raises Ended for what is none."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise Ended(Exit.REFUSED, f"'{text}' is no address of a portal. Use one such as https://greenroom.example.org.")
    return text.rstrip("/")


def read() -> Login:
    """The login in force. Raises Ended when there is none."""
    kept = _kept()
    server = os.environ.get(SERVER) or kept.get("server", "")
    token = os.environ.get(TOKEN) or (kept.get("token", "") if server == kept.get("server") else "")
    if not server or not token:
        raise Ended(
            Exit.NOT_SIGNED_IN,
            "You are not signed in at a portal. Use: greenroom login --server ADDRESS, such as http://localhost:8080. "
            f"In a pipeline set {SERVER} and {TOKEN}.",
        )
    return Login(checked_server(server), token)


def write(login: Login) -> Path:
    """Keep a login; the file appears whole, and is never readable for others."""
    path = file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as target:
        json.dump({"server": login.server, "token": login.token}, target)
    fresh.replace(path)
    return path


def forget() -> bool:
    """Remove the kept login; returns whether there was one."""
    is_there = file().exists()
    file().unlink(missing_ok=True)
    return is_there


def _kept() -> dict[str, str]:
    try:
        found = json.loads(file().read_text())
    except (OSError, ValueError):
        return {}
    return {name: text for name, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}
