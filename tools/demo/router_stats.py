"""How often the router sent a request a second time, from its own counters."""

import http.client
import json

from django.conf import settings

from sites.unix_http import ask

QUESTION = r"/stats?format=json&usedonly&filter=^cluster\.r[0-9]%2B\.upstream_rq_retry$"


class Retries:
    """Sums the counters of clusters, of which some vanish with their revisions."""

    def __init__(self) -> None:
        self._first = self._read()
        self._highest: dict[str, int] = {}
        self.is_readable = self._first is not None

    def look(self) -> None:
        """Take the counters as they are; to be called while the clusters of a swap still exist."""
        found = self._read()
        if found is None:
            self.is_readable = False
            return
        for name, value in found.items():
            self._highest[name] = max(value, self._highest.get(name, 0))

    @property
    def count(self) -> int | None:
        """Retries since the beginning; None when the counters could not be read."""
        if not self.is_readable or self._first is None:
            return None
        return sum(value - self._first.get(name, 0) for name, value in self._highest.items())

    @staticmethod
    def _read() -> dict[str, int] | None:
        try:
            _, body = ask(settings.ENVOY_ADMIN_SOCKET, QUESTION, timeout=2.0)
            return {row["name"]: row["value"] for row in json.loads(body)["stats"] if "name" in row}
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return None
