"""Deployment credentials of people: a wrong password is counted before it is looked at, and a right one is remembered.

Pipelines ask every few seconds, and looking at a password takes a core for half a second on purpose. So this process
knows for five minutes which ones were right, by a keyed digest that a new password makes useless.
"""

import time
from collections import OrderedDict

from django.contrib.auth.models import User
from django.utils.crypto import salted_hmac

from sites.errors import PublishingLimited
from sites.models import DeploymentUser
from sites.services import deployment_users
from sites.throttling import buckets, turns
from sites.throttling.buckets import Bucket, Limit

NAME = Limit("publishing as person", 20)
NAME_AND_ADDRESS = Limit("publishing as person, name and address", 5)
ADDRESS = Limit("publishing as person from address", 30)
"""Wrong passwords within a quarter of an hour. Beyond that no try is accepted: people choose what can be guessed."""
KNOWN = Limit("publishing as person from where they were right", 20)
"""Instead of the others, from an address whence the password was right lately: strangers elsewhere lock nobody out."""
REMEMBERED_SECONDS = 300.0
MAX_REMEMBERED = 256
KNOWN_SECONDS = 7 * 24 * 3600.0
MAX_KNOWN = 4096


class Remembered:
    """What was right a while ago, as far as this process knows; the oldest is forgotten first."""

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def has(self, key: bytes) -> bool:
        """Whether it was right lately."""
        return self._until.get(key, 0.0) > time.monotonic()

    def add(self, key: bytes) -> None:
        """It was right just now."""
        self._until.pop(key, None)
        self._until[key] = time.monotonic() + self._seconds
        while len(self._until) > self._most:
            self._until.popitem(last=False)


remembered = Remembered(REMEMBERED_SECONDS, MAX_REMEMBERED)
"""Credentials."""
known = Remembered(KNOWN_SECONDS, MAX_KNOWN)
"""Addresses of them."""


def person_of(name: str, password: str, *, network: str, host: str) -> User | None:
    """Whose credentials these are; None for wrong ones. Raises PublishingLimited and SignInBusy."""
    found = deployment_users.find(name)
    right, place = _digest(found, password), _digest(found, f"from {network}")
    if found is not None and remembered.has(right):
        return found.user
    pair = f"{name.lower()} {network}"
    tries = [Bucket(NAME_AND_ADDRESS, pair), Bucket(NAME, name.lower()), Bucket(ADDRESS, network)]
    is_known = found is not None and known.has(place)
    if is_known:
        tries = [Bucket(KNOWN, pair)]
    wait = buckets.take(tries)
    if wait:
        raise PublishingLimited(host=host, retry_after=wait)
    try:
        with turns.turn(is_known=is_known):
            is_right = deployment_users.is_password(found, password)
    except BaseException:
        buckets.give_back(tries)  # it was not looked at
        raise
    if not is_right or found is None:
        return None
    buckets.give_back(tries)
    remembered.add(right)
    known.add(place)
    return found.user


def _digest(found: DeploymentUser | None, text: str) -> bytes:
    """Of something that goes with these credentials, until they are set anew."""
    owner = f"{found.pk}:{found.password}" if found else ""
    return salted_hmac("publishing", f"{owner}:{text}", algorithm="sha256").digest()
