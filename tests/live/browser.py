"""A browser without scripts: keeps cookies as a browser does for localhost, and sends forms with their token."""

import re
from http.cookies import SimpleCookie

import httpx

from tests.live.system import System

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    """Looks at the portal of a system."""

    def __init__(self, system: System) -> None:
        self._client = system.client()
        self._origin = f"http://{system.host()}"
        self._cookies: dict[str, str] = {}

    def look(self, path: str) -> httpx.Response:
        """GET, and follow where it leads."""
        answer = self._send("GET", path)
        while answer.is_redirect:
            answer = self._send("GET", answer.headers["Location"])
        return answer

    def send(self, path: str, *, page: str = "", **values: str) -> httpx.Response:
        """Send the form at `path`, as found on `page`; follows where it leads."""
        found = TOKEN.search(self.look(page or path).text)
        assert found, f"no form on {page or path}"
        answer = self._send("POST", path, {"csrfmiddlewaretoken": found[1], **values})
        return self.look(answer.headers["Location"]) if answer.is_redirect else answer

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, method: str, path: str, data: dict[str, str] | None = None) -> httpx.Response:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if method == "POST":
            headers["Origin"] = self._origin
        answer = self._client.request(method, path.removeprefix(self._origin), data=data, headers=headers)
        for line in answer.headers.get_list("Set-Cookie"):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer
