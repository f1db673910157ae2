"""Browsers in which a person has signed in before, known by a cookie (OWASP, "Slow Down Online Guessing Attacks with
Device Cookies").

A known browser has limits of its own, so wrong passwords of strangers do not keep its person out. It proves nothing
else: nobody is signed in by it.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from portal.models import KnownBrowser

BETWEEN = "~"
_ENTRY = re.compile(r"[0-9]{1,18}\.[\w-]{43}", re.ASCII)
"""The number of a person, and 32 random bytes in base64url."""
LASTS = timedelta(days=180)
MAX_PEOPLE = 4
"""So many people one browser remembers; whoever signed in last comes first."""
MAX_BROWSERS = 20
"""So many browsers are known of one person; those that were not used for longest go first."""


@dataclass(frozen=True)
class Entry:
    """What the cookie says of one person."""

    user_id: int
    token: str

    @property
    def digest(self) -> str:
        """As it is kept in the database."""
        return hashlib.sha256(self.token.encode()).hexdigest()


def last_person(request: HttpRequest) -> int | None:
    """The id of the person who signed in last in this browser."""
    return next((entry.user_id for entry in _entries(request) if _find(entry)), None)


def known(request: HttpRequest, name: str) -> KnownBrowser | None:
    """This browser, if the person with that name has signed in with it before."""
    for entry in _entries(request):
        browser = _find(entry)
        if browser and browser.user.get_username().casefold() == name.casefold():
            return browser
    return None


def known_of(request: HttpRequest, user: User) -> KnownBrowser | None:
    """The same for a person who is known already."""
    entry = next((entry for entry in _entries(request) if entry.user_id == user.pk), None)
    return _find(entry) if entry else None


def is_any_known(request: HttpRequest) -> bool:
    """Whether anybody has signed in with this browser before."""
    return any(_find(entry) for entry in _entries(request))


def remember(request: HttpRequest, user: User) -> tuple[KnownBrowser, bool]:
    """The person has signed in: know the browser from now on. Returns it, and whether it is new to the person."""
    known_before = known_of(request, user)
    others = [entry for entry in _entries(request) if entry.user_id != user.pk]
    entry = Entry(user.pk, secrets.token_urlsafe(32))  # a new one each time, so that a copy of the cookie does not last
    browser = known_before or KnownBrowser(user=user)
    browser.token_digest, browser.used_at = entry.digest, timezone.now()
    browser.save()
    if not known_before:
        _forget_the_oldest(user)
    request.known_browsers = [entry, *others][:MAX_PEOPLE]  # type: ignore[attr-defined]
    return browser, known_before is None


def set_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give the browser its cookie, after a sign-in."""
    entries: list[Entry] | None = getattr(request, "known_browsers", None)
    if entries is not None:
        response.set_cookie(
            settings.BROWSER_COOKIE_NAME,
            BETWEEN.join(f"{entry.user_id}.{entry.token}" for entry in entries),
            max_age=LASTS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def _entries(request: HttpRequest) -> list[Entry]:
    """What the browser's cookie says. It is not signed, so it outlives the key; only a token in the database counts."""
    given: list[Entry] | None = getattr(request, "known_browsers", None)
    if given is not None:
        return given
    said = request.COOKIES.get(settings.BROWSER_COOKIE_NAME, "").split(BETWEEN)[:MAX_PEOPLE]
    pairs = [one.partition(".") for one in said if _ENTRY.fullmatch(one)]
    return [Entry(int(user_id), token) for user_id, _, token in pairs]


def _find(entry: Entry) -> KnownBrowser | None:
    found = KnownBrowser.objects.select_related("user").filter(user=entry.user_id, token_digest=entry.digest)
    return found.filter(used_at__gt=timezone.now() - LASTS).first()


def _forget_the_oldest(user: User) -> None:
    kept = KnownBrowser.objects.filter(user=user).order_by(F("used_at").desc())[:MAX_BROWSERS]
    KnownBrowser.objects.filter(user=user).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
