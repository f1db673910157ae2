"""A program that uses the API, in process."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from sites.models import Operation
from sites.services import access_tokens

PREFIX = "/api/v1"


@dataclass
class Program:
    """Acts with one access token, or with none."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="localhost", enforce_csrf_checks=True))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """`headers` by their names, with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if isinstance(body, bytes | str) or body is None:
            data = body or ""
            return self.client.generic(method, PREFIX + path, data, content_type="application/json", headers=sent)
        json = {"content_type": "application/json", "headers": sent}
        return getattr(self.client, method.lower())(PREFIX + path, body, **json)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.ask("POST", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.ask("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.ask("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.ask("DELETE", path, **headers)


def program_of(user: User, *scopes: str, site: str = "") -> Program:
    """With a new token of that person; for everything without `scopes`."""
    _, text = access_tokens.create(
        acting_user=user, name="test", scopes=scopes or ["administer"], days=30, site_name=site
    )
    return Program(text)


def operation_of(answer: HttpResponse) -> Operation:
    """The operation that an answer 202 leads to."""
    assert answer.status_code == 202, answer.content
    assert answer["Location"].startswith(f"{PREFIX}/operations/")
    return Operation.objects.get(public_id=answer["Location"].rpartition("/")[2])
