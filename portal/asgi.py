"""The ASGI application that `sites.supervisor.web` serves once Django is set up: the door in front of Django."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import Resolver404, resolve

from portal.at_the_door import is_publishing, refuse
from portal.news.streams import streams
from portal.program_answers import is_for_programs
from portal.visits import is_visit
from sites.api import PREFIX
from sites.api.event_stream import streams as event_streams
from sites.api.waiters import waiters
from sites.door.application import UPLOADS, Door, Limits, Takes, Way
from sites.door.head import Head
from sites.door.lanes import Lane
from sites.monitoring.tails import tails
from sites.publishing.waiting import waiting

HEALTH_PATH = "/healthz"
PROVIDER_PATHS = ("/sign-in/sso/", "/settings/account/sso/", "/settings/account/confirm/sso/")
"""They ask the provider of single sign-on, which may take long to answer."""
EXCHANGE_PATH = f"{PREFIX}token-exchange"
"""It asks the issuers that web sites trust."""
FIELDS = 64 * 1024
"""Of a form, beside what Django counts of it."""


def way_of(head: Head) -> Way:
    """Threads and urlconf of a request, by its host name: as `portal.middleware.HostMiddleware` sorts them."""
    if head.path == HEALTH_PATH:
        return Way("health", Takes.NOTHING)
    if is_publishing(head):
        return Way("publishing", _takes(head, settings.PUBLISHING_URLCONF))
    if is_visit(head.path) and head.host != settings.PORTAL_HOST:
        return Way("visitors", Takes.FORM if head.method == "POST" else Takes.NOTHING)
    if head.path == EXCHANGE_PATH:
        return Way("exchange", _takes(head, settings.ROOT_URLCONF))
    lane = "provider" if head.path.startswith(PROVIDER_PATHS) else "api" if is_for_programs(head.path) else "portal"
    return Way(lane, _takes(head, settings.ROOT_URLCONF))


def _takes(head: Head, urlconf: str) -> Takes:
    """Without a view that takes a body of this method the answer is 404 or 405, which needs no body."""
    if head.method not in ("POST", "PUT", "PATCH"):
        return Takes.NOTHING
    try:
        view = resolve(head.path, urlconf).func
    except Resolver404:
        return Takes.NOTHING
    if getattr(view, "takes_upload", False):
        return Takes.UPLOAD if head.method in ("POST", "PUT") else Takes.NOTHING
    return Takes.FORM


def let_go() -> None:
    """End what waits in this process: for publications, operations, lines of logs, news and events."""
    waiting.stop()
    waiters.stop()
    tails.stop()
    streams.stop()
    event_streams.stop()


def make_door() -> Door:
    """The door with a few threads for each kind of work.

    A page of the portal keeps Python's interpreter busy, so more threads would only share it; those of uploads unpack
    archives, for seconds, and health must answer whatever else is going on. A provider of single sign-on that does not
    answer holds threads of its own lane only, as the issuers of identity tokens do, of which fewer are asked at once
    than the lane has threads. Programs of the API do the same, and visitors of slots that ask for a password.
    """
    return Door(
        application=get_wsgi_application(),
        way_of=way_of,
        refuse=refuse,
        lanes={
            "portal": Lane("portal", threads=8, of_one=6, waiting=200, stays_together=True),
            "api": Lane("api", threads=4, of_one=3, waiting=400, stays_together=True),
            "exchange": Lane("exchange", threads=4, of_one=2, waiting=50),
            "provider": Lane("provider", threads=2, of_one=1, waiting=50),
            "visitors": Lane("visitors", threads=2, of_one=1, waiting=100),
            "publishing": Lane("publishing", threads=2, of_one=2, waiting=400),
            UPLOADS: Lane(UPLOADS, threads=2, of_one=2, waiting=400),
            "health": Lane("health", threads=1, of_one=1, waiting=50),
        },
        limits=Limits(upload=settings.MAX_UPLOAD, form=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FIELDS),
        folder=settings.UPLOAD_DIR,
        let_go=let_go,
    )


application = make_door()
