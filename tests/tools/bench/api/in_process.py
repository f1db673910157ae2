"""A program whose portal is this process."""

from django.test import Client

from sites.models import Operation
from tests.domain import Domain
from tools.bench.api.description import Answer
from tools.bench.api.program import Place, Program, Seen


class InProcess(Program):
    """Asks without a network; before a look that waits, a worker takes every operation to its end."""

    def __init__(self, domain: Domain, token: str, seen: Seen) -> None:
        super().__init__(Place(8080, "localhost"), token, seen)
        self._domain = domain

    def _send(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        if "wait=" in address:
            for operation in Operation.objects.filter(state__in=Operation.WORKING):
                self._domain.work(operation)
        client = Client(SERVER_NAME="localhost")
        kind = headers.pop("Content-Type")
        found = client.generic(method, address, body or b"", content_type=kind, headers=headers)
        return Answer(found.status_code, {name.lower(): value for name, value in found.items()}, found.content)
