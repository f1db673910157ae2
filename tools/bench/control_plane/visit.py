"""A signed-in browser of the running portal, as far as asking for a swap needs one."""

import http.client
import secrets
from http import HTTPStatus

from django.conf import settings
from django.test import Client

from sites.models import Operation
from tools.demo.operations import OperationFailed, wait_for
from tools.demo.staged_site import StagedSite


def swap_by_hand(site: StagedSite) -> None:
    """One swap, asked for by the portal's form and done by the workers. Raises OperationFailed."""
    client = Client()
    client.force_login(site.user)
    token = secrets.token_hex(16)
    cookies = {settings.SESSION_COOKIE_NAME: client.session.session_key, settings.CSRF_COOKIE_NAME: token}
    headers = {
        "Host": f"{settings.PORTAL_HOST}:{settings.PORT}",
        "Origin": f"http://{settings.PORTAL_HOST}:{settings.PORT}",
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-CSRFToken": token,
    }
    connection = http.client.HTTPConnection("127.0.0.1", settings.PORT, timeout=60)
    try:
        connection.request("POST", f"/sites/{site.name}/staging/swap/", b"", headers)
        answer = connection.getresponse()
        if answer.status != HTTPStatus.SEE_OTHER:
            raise OperationFailed(f"The portal answered {answer.status} to the request for a swap: {answer.read()!r}")
    finally:
        connection.close()
    wait_for(Operation.objects.filter(site__name=site.name).latest("pk"))
