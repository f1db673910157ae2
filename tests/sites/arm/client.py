"""A client of Azure, in process."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from sites.door.answer import Held
from sites.models import Operation, Step
from sites.services import access_tokens
from tests.domain import Domain

VERSION = "2025-05-01"


@dataclass
class Azure:
    """Acts with one token, or with none, in the resource group of the domain's subscription."""

    domain: Domain
    token: str = ""
    group: str = "greenroom"
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="localhost", enforce_csrf_checks=True))

    @property
    def subscription(self) -> str:
        return f"/subscriptions/{self.domain.subscription.public_id}"

    @property
    def sites(self) -> str:
        """The address of the web sites."""
        return f"{self.subscription}/resourceGroups/{self.group}/providers/Microsoft.Web/sites"

    def ask(self, method: str, path: str, body: Any = None, *, version: str = VERSION, **headers: str) -> HttpResponse:
        """`path` from the root, or from the web sites if it does not begin with a slash."""
        path = path if path.startswith("/") else f"{self.sites}/{path}".rstrip("/")
        if version:
            path += ("&" if "?" in path else "?") + f"api-version={version}"
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if isinstance(body, bytes) or body is None:
            sent = {"data": body or b"", "content_type": "application/json", "headers": headers}
            return self.client.generic(method, path, **sent)
        return getattr(self.client, method.lower())(path, body, content_type="application/json", headers=headers)

    def done(self, method: str, path: str, body: Any = None, **options: str) -> HttpResponse:
        """The answer that the client gets once what it asked for has ended."""
        return self.settled(self.ask(method, path, body, **options))

    def settled(self, answer: HttpResponse) -> HttpResponse:
        """What the door gives in place of an answer that it holds back."""
        note = getattr(answer, "door", None)
        self.work()
        if not isinstance(note, Held):
            return answer
        held = note.answer()
        held.json = lambda: json.loads(held.content)  # as the test client gives it to others
        return held

    def work(self) -> None:
        """Every open operation is taken to its end, or to the point at which it waits for a person."""
        for operation in Operation.objects.filter(state__in=Operation.WORKING):
            while operation.state in Operation.WORKING:
                if operation.step == Step.STOPPING:
                    self.domain.settle()  # else it waits for the whole drain limit, in real time
                self.domain.look(operation)


def azure_of(domain: Domain, *scopes: str, site: str = "", user: str = "alice", **values: str) -> Azure:
    """With a new access token of that person; for everything without `scopes`."""
    _, text = access_tokens.create(
        acting_user=getattr(domain, user), name="az", scopes=scopes or ["administer"], days=30, site_name=site
    )
    return Azure(domain, text, **values)
