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
ADDRESS = Limit("publishing as person from address", 30)
"""Wrong passwords within a quarter of an hour. Beyond that no try is accepted: people choose what can be guessed."""
REMEMBERED_SECONDS = 300.0
MAX_REMEMBERED = 256


class Remembered:
    """Credentials that were right a short while ago."""

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def has(self, found: DeploymentUser, password: str) -> bool:
        """Whether these were right, and are not changed since."""
        return self._until.get(_key(found, password), 0.0) > time.monotonic()

    def add(self, found: DeploymentUser, password: str) -> None:
        """They were right just now."""
        self._until[_key(found, password)] = time.monotonic() + REMEMBERED_SECONDS
        while len(self._until) > MAX_REMEMBERED:
            self._until.popitem(last=False)


remembered = Remembered()


def person_of(name: str, password: str, *, network: str, host: str) -> User | None:
    """Whose credentials these are; None for wrong ones. Raises PublishingLimited and SignInBusy."""
    found = deployment_users.find(name)
    if found is not None and remembered.has(found, password):
        return found.user
    tries = [Bucket(NAME, name.lower()), Bucket(ADDRESS, network)]
    wait = buckets.take(tries)
    if wait:
        raise PublishingLimited(host=host, retry_after=wait)
    with turns.turn(is_known=False):
        is_right = deployment_users.is_password(found, password)
    if not is_right or found is None:
        return None
    buckets.give_back(tries)
    remembered.add(found, password)
    return found.user


def _key(found: DeploymentUser, password: str) -> bytes:
    return salted_hmac("publishing", f"{found.pk}:{found.password}:{password}", algorithm="sha256").digest()
