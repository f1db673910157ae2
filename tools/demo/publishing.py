"""Publish a zip as any client does: over HTTP, with the slot's own credentials."""

import base64
import http.client
import json
from urllib.parse import quote

from sites.models import HostNameKind, Slot

TIMEOUT_SECONDS = 600.0


class PublishingRefused(Exception):
    """The publishing host did not take the archive."""


def publish(slot: Slot, archive: bytes, message: str, *, port: int) -> str:
    """POST the archive to the slot's publishing host; returns the id of the operation, which then goes on.

    Raises PublishingRefused with the answer.
    """
    host = slot.host_names.get(kind=HostNameKind.PUBLISHING).name
    secret = base64.b64encode(f"{slot.publishing_user}:{slot.publishing_password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    headers = {
        "Host": f"{host}:{port}",
        "Authorization": f"Basic {secret}",
        "Content-Type": "application/zip",
    }
    try:
        connection.request("POST", f"/api/zipdeploy?isAsync=true&message={quote(message)}", archive, headers)
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
    finally:
        connection.close()
    if answer.status not in (200, 202):
        raise PublishingRefused(f"{host} answered {answer.status} to the archive: {body[:500]}")
    return json.loads(body)["operation"]
