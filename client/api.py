"""HTTP with a portal's API: what may be sent again is, refusals end the program with their sentence."""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests

from client.exits import Ended, Exit, Missing
from client.login import Login

CONNECT_SECONDS, READ_SECONDS = 10, 180
PATIENCE_SECONDS = 30.0
"""How long a portal may be away, while it restarts for example, before the client gives up."""
PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.5, 5.0
WITHOUT_BODY = 204
AGAIN = (429, 502, 503, 504)
CODES = {401: Exit.NOT_SIGNED_IN, 403: Exit.NOT_SIGNED_IN, 412: Exit.OTHERWISE}
LOCAL = ".localhost"
"""Names of this machine that browsers and curl know, and Python does not."""
_PLACE = re.compile(r"/api/v1/sites/([^/?]+)(?:/slots/([^/?]+))?")
Data = dict[str, Any]


class Portal:
    """A portal, asked with one token."""

    def __init__(self, login: Login) -> None:
        self._server = login.server
        self._session = requests.Session()
        self._session.trust_env = False  # a .netrc would replace the token
        self._session.headers["Authorization"] = f"Bearer {login.token}"

    def get(self, path: str, **query: object) -> Data:
        """What is at `path`, below /api/v1. Raises Ended."""
        return self._json(lambda: self._send("GET", path, params={k: v for k, v in query.items() if v is not None}))

    def listed(self, path: str) -> list[Data]:
        """A list that comes whole. Raises Ended."""
        return list(self._body(self._settled(lambda: self._send("GET", path)), list))

    def get_tagged(self, path: str, **query: object) -> tuple[Data, str]:
        """As `get`, with the ETag of the answer."""
        wanted = {name: value for name, value in query.items() if value is not None}
        answer = self._settled(lambda: self._send("GET", path, params=wanted))
        return self._body(answer), answer.headers.get("ETag", "")

    def ask(self, method: str, path: str, body: Data | None = None, *, tag: str = "", thing: str = "") -> Data:
        """Have something done once, however often it has to be sent, and only if `tag` still holds. Raises Ended.

        `thing` is what the slot has to have for it, with its name.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())} | ({"If-Match": tag} if tag else {})
        return self._json(lambda: self._send(method, path, json=body or {}, headers=headers), thing=thing)

    def pages(self, path: str, **query: object) -> Iterator[Data]:
        """Every item of a list."""
        page, pages = 1, 1
        while page <= pages:
            found = self.get(path, page=page, per_page=100, **query)
            yield from found["items"]
            page, pages = page + 1, found["pages"]

    def publish(self, url: str, archive: Path, message: str) -> Data:
        """Send a zip to the publishing host that `url` names. Raises Ended."""
        parts, server = urlsplit(url), urlsplit(self._server)
        address, headers = url, {"Content-Type": "application/zip"}
        if (parts.hostname or "").endswith(LOCAL):
            address = f"{server.scheme}://{server.netloc}{parts.path}"
            headers["Host"] = parts.netloc
        address += f"?isAsync=true&message={quote(message)}"

        def send() -> requests.Response:
            with archive.open("rb") as body:
                return self._session.post(address, data=body, headers=headers, timeout=(CONNECT_SECONDS, 3600))

        return self._json(send, is_repeatable=False)

    def wait(self, operation: Data, *, pace: float, timeout: float, look: Callable[[Data], None]) -> Data:
        """The operation once it has ended or waits for a person; `look` gets it after each look. Raises Ended."""
        ends_at = time.monotonic() + timeout
        look(operation)
        while operation["state"] in ("requested", "running"):
            left = ends_at - time.monotonic()
            if left <= 0:
                raise Ended(Exit.STILL_OPEN, f"The operation is still running after {timeout:g} s: {operation['url']}")
            operation = self.get(f"/operations/{operation['id']}", wait=round(min(pace, left), 2))
            look(operation)
        return operation

    def _send(self, method: str, path: str, **more: Any) -> requests.Response:
        address = f"{self._server}/api/v1{path}"
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        return self._session.request(method, address, timeout=timeout, allow_redirects=False, **more)

    def _json(self, send: Callable[[], requests.Response], *, is_repeatable: bool = True, thing: str = "") -> Data:
        return dict(self._body(self._settled(send, is_repeatable=is_repeatable), thing=thing))

    def _settled(self, send: Callable[[], requests.Response], *, is_repeatable: bool = True) -> requests.Response:
        ends_at = time.monotonic() + (PATIENCE_SECONDS if is_repeatable else 0)
        while True:
            try:
                answer = send()
            except requests.RequestException as fault:
                if time.monotonic() > ends_at:
                    raise Ended(Exit.UNREACHABLE, f"{self._server} does not answer ({_reason(fault)}).") from fault
                pause = PAUSE_SECONDS
            else:
                if answer.status_code not in AGAIN or time.monotonic() > ends_at:
                    return answer
                pause = _pause(answer)
            time.sleep(pause)

    def _body(self, answer: requests.Response, shape: type = dict, *, thing: str = "") -> Any:
        """What was answered, of that shape; an answer without a body is empty."""
        said: Any = None
        with suppress(ValueError):
            said = answer.json() if answer.status_code != WITHOUT_BODY else {}
        is_refusal = isinstance(said, dict) and {"code", "message"} <= said.keys()
        if not (type(said) is shape if answer.ok else is_refusal):
            strange = f"{self._server} answered {answer.status_code}, but not as a portal does. Check the address."
            raise Ended(Exit.UNREACHABLE, strange)
        if answer.ok:
            return said
        place = _PLACE.match(answer.request.path_url or "")
        if said["code"] == "NotFound" and place:
            raise Missing(_missing(unquote(place[1]), place[2] and unquote(place[2]), thing))
        code = CODES.get(answer.status_code, Exit.FAULT if answer.status_code >= 500 else Exit.REFUSED)
        raise Ended(Exit.OTHERWISE if said["code"] == "DeploymentElsewhere" else code, _sentence(said))


def _sentence(said: Data) -> str:
    """Why it was refused; several faults have a line each."""
    errors = said.get("errors") or []
    if len(errors) < 2:
        return str(said["message"])
    lines = (f"  {one['caption']}: {one['message']}" for one in errors)
    return "\n".join([f"{len(errors)} values cannot be taken, so nothing was changed.", *lines])


def _missing(site: str, slot: str | None, thing: str) -> str:
    """What to say where there is nothing; `thing` is what was to be there, if that is known."""
    if thing:
        return f"The web site '{site}' has no {thing}, or you may not see it. 'greenroom sites' lists yours."
    place = f"web site '{site}' with a slot '{slot}'" if slot else f"web site '{site}'"
    more = ", or it has not what you named" if slot else ""
    return f"There is no {place} that you may see{more}. 'greenroom sites' lists yours."


def _pause(answer: requests.Response) -> float:
    """What the portal asks for, within reason."""
    said = answer.headers.get("Retry-After", "")
    return min(float(said), MAX_PAUSE_SECONDS) if said.isdecimal() and len(said) < 6 else PAUSE_SECONDS


def _reason(fault: Exception) -> str:
    return type(fault).__name__.removesuffix("Error").lower() or "error"
