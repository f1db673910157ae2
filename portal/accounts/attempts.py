"""One try at a secret that a person types: counted before it is looked at, and not counted when it was right."""

import contextlib
import hashlib
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from unicodedata import normalize

from django.contrib.auth.models import User
from django.http import HttpRequest

from portal import security_log
from portal.accounts import browsers
from sites.errors import SignInLimited
from sites.throttling import buckets, turns
from sites.throttling.address import client_address, network_of
from sites.throttling.buckets import Bucket, Limit

NAME = Limit("name", 20)
NAME_AND_ADDRESS = Limit("name and address", 5)
ADDRESS = Limit("address", 30)
BROWSER = Limit("browser", 10)
CODES = Limit("codes", 5)
CONFIRMATIONS = Limit("confirmations", 5)
LINKS = Limit("links", 30)
MAILS = Limit("mails", 5)
STARTS = Limit("starts", 60)
"""Tries within a quarter of an hour. A person's own browser (BROWSER) is asked instead of name and address."""

logger = logging.getLogger(__name__)


@dataclass
class Attempt:
    """A try that is being looked at."""

    buckets: list[Bucket]
    is_known: bool
    is_right: bool = False
    reset: list[Bucket] = field(default_factory=list)
    """What a right secret empties: the tries of this name at this place."""

    def succeed(self) -> None:
        """The secret was right."""
        self.is_right = True


@contextlib.contextmanager
def password(request: HttpRequest, name: str) -> Iterator[Attempt]:
    """A password for a name at the sign-in. Raises SignInLimited or SignInBusy before anything is hashed."""
    name = normalize("NFKC", name).casefold().strip()
    browser = browsers.known(request, name)
    if browser:
        own = Bucket(BROWSER, f"password {browser.pk}")
        attempt = Attempt([own], True, reset=[own])
    else:
        guessed = f"{name} {_generation(name)}"
        pair = Bucket(NAME_AND_ADDRESS, f"{guessed} {_network(request)}")
        attempt = Attempt([pair, Bucket(NAME, guessed), _address(request)], False, reset=[pair])
    with _counted(request, attempt, name), turns.turn(is_known=attempt.is_known):
        yield attempt


@contextlib.contextmanager
def confirmation(request: HttpRequest, user: User) -> Iterator[Attempt]:
    """The password of a person who is signed in, before a change. Raises SignInLimited or SignInBusy."""
    browser = browsers.known_of(request, user)
    own = Bucket(CONFIRMATIONS, f"browser {browser.pk}" if browser else f"user {user.pk}")
    attempt = Attempt([own], True, reset=[own])
    with _counted(request, attempt, user.get_username()), turns.turn(is_known=True):
        yield attempt


@contextlib.contextmanager
def code(request: HttpRequest, user: User) -> Iterator[Attempt]:
    """A code of an app, or a recovery code. Raises SignInLimited."""
    browser = browsers.known_of(request, user)
    own = Bucket(BROWSER, f"code {browser.pk}") if browser else Bucket(CODES, str(user.pk))
    attempt = Attempt([own] if browser else [own, _address(request)], browser is not None, reset=[own])
    with _counted(request, attempt, user.get_username()):
        yield attempt


def ensure_few(request: HttpRequest, limit: Limit, *keys: str) -> None:
    """Count something that costs, for each of `keys` and, unless the browser is known, for the address.

    Raises SignInLimited.
    """
    places = [] if browsers.is_any_known(request) else [_network(request)]
    tries = [Bucket(limit, key) for key in (*places, *keys)]
    wait = buckets.take(tries)
    if wait:
        raise _limited(tries, wait, "NAME")


@contextlib.contextmanager
def _counted(request: HttpRequest, attempt: Attempt, name: str) -> Iterator[None]:
    wait = buckets.take(attempt.buckets)
    if wait:
        logger.warning("Too many tries for %s from %s: not checked", security_log.shown(name), client_address(request))
        raise _limited(attempt.buckets, wait, name)
    try:
        yield
    except BaseException:
        buckets.give_back(attempt.buckets)  # it was not looked at
        raise
    if attempt.is_right:
        buckets.give_back(attempt.buckets)
        for bucket in attempt.reset:
            buckets.empty(bucket)
    else:
        logger.warning("A wrong password or code for %s from %s", security_log.shown(name), client_address(request))


def _limited(tries: list[Bucket], wait: float, name: str) -> SignInLimited:
    until = datetime.now(tz=UTC) + timedelta(seconds=wait)
    fullest = max(tries, key=lambda bucket: buckets.wait([bucket]))
    source = {BROWSER: "in this browser", NAME: f"for '{name}'", CODES: f"for '{name}'"}
    return SignInLimited(
        source=source.get(fullest.limit, "from your address"),
        until=f"{until:%H:%M} UTC",
        name=name,
        retry_after=math.ceil(wait),
    )


def _generation(name: str) -> str:
    """Another one for each password of a name, so that a new password is not held up by guesses at the former one."""
    password = User.objects.filter(username__iexact=name).values_list("password", flat=True).first() or ""
    return hashlib.sha256(password.encode()).hexdigest()[:16]


def _address(request: HttpRequest) -> Bucket:
    return Bucket(ADDRESS, _network(request))


def _network(request: HttpRequest) -> str:
    return network_of(client_address(request))
