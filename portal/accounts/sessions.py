"""The sessions of a person: when they end, and which there are. Each is a row of allauth's `UserSession`."""

from datetime import timedelta
from typing import Any

from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.agents import described
from portal.models import KnownBrowser
from sites.throttling.address import client_address

BACKGROUND = "X-Background"
"""The header of a request that a page makes by itself: it says nothing of whether somebody is there (frame.js)."""
BACKGROUND_PATHS = ("/news/",)
"""The same of addresses that browsers ask without a header of ours."""
NOTED_EVERY = timedelta(minutes=1)
MAX_SESSIONS = 20
"""So many sessions one person has at a time; a further sign-in ends the one that was not used for longest."""


def begin(request: HttpRequest, user: User, browser: KnownBrowser) -> None:
    """A person has signed in, with `browser`."""
    request.session.set_expiry(None)  # no longer that of somebody who is about to sign in
    UserSession.objects.create_from_request(request)
    UserSession.objects.filter(session_key=request.session.session_key).update(data={"browser": browser.pk})
    for session in UserSession.objects.filter(user=user).order_by("-last_seen_at")[MAX_SESSIONS:]:
        session.end()


def goes_on(request: HttpRequest) -> bool:
    """Whether the session of a person who is signed in has not lasted or been left alone for too long."""
    now = timezone.now()
    session = UserSession.objects.filter(session_key=request.session.session_key).first()
    if session is None:
        UserSession.objects.create_from_request(request)
        return True
    if session.created_at <= now - timedelta(hours=settings.SESSION_HOURS):
        return False
    if session.last_seen_at <= now - timedelta(minutes=settings.SESSION_IDLE_MINUTES):
        return False
    if not is_background(request) and session.last_seen_at <= now - NOTED_EVERY:
        UserSession.objects.filter(pk=session.pk).update(last_seen_at=now, ip=client_address(request))
    return True


def is_background(request: HttpRequest) -> bool:
    """Whether a page asks by itself."""
    return BACKGROUND in request.headers or request.path in BACKGROUND_PATHS


def of(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    """What the account's page shows of each, the present one first."""
    present = request.session.session_key
    rows = [
        {
            "number": session.pk,
            "browser": described(session.user_agent),
            "address": session.ip,
            "began_at": session.created_at,
            "seen_at": session.last_seen_at,
            "is_present": session.session_key == present,
        }
        for session in _open(user).order_by("-last_seen_at")
    ]
    return sorted(rows, key=lambda row: not row["is_present"])


def end(request: HttpRequest, user: User, number: int) -> bool:
    """End one session of the person; its browser is no longer known. Returns whether there was one."""
    ended = list(UserSession.objects.filter(user=user, pk=number))
    KnownBrowser.objects.filter(user=user, pk__in=[_browser_of(session) for session in ended]).delete()
    end_sessions(request, ended)
    return bool(ended)


def end_others(request: HttpRequest | None, user: User) -> None:
    """End every session of the person but that of `request`, and know no other browser."""
    present = request.session.session_key if request else None
    own = UserSession.objects.filter(user=user, session_key=present).first()
    KnownBrowser.objects.filter(user=user).exclude(pk=_browser_of(own)).delete()
    for session in UserSession.objects.filter(user=user).exclude(session_key=present or ""):
        session.end()


def _open(user: User) -> QuerySet[UserSession]:
    """Those that have neither ended nor lasted too long."""
    now = timezone.now()
    return UserSession.objects.filter(
        user=user,
        session_key__in=Session.objects.filter(expire_date__gt=now).values("session_key"),
        created_at__gt=now - timedelta(hours=settings.SESSION_HOURS),
        last_seen_at__gt=now - timedelta(minutes=settings.SESSION_IDLE_MINUTES),
    )


def _browser_of(session: UserSession | None) -> int:
    """The row of its browser; 0 for none."""
    return (session.data or {}).get("browser") or 0 if session else 0
