"""Leaky buckets in the database: each try fills one a little, and it runs empty by itself.

The rule is the generic cell rate algorithm (ITU-T I.371): a bucket is one number, the moment at which it will be empty.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Case, F, FloatField, Value, When
from django.db.models.functions import Greatest
from django.utils.crypto import salted_hmac

from sites.models import LimitBucket

SPAN_SECONDS = 900
"""A full bucket is empty again after so long."""
_FULL_SECONDS = SPAN_SECONDS + 1
"""No bucket is fuller than that. One that seems so was filled before the clock was set back, and counts as empty."""
COUNT = 65_536
"""The number of rows that the table can have at most."""


@dataclass(frozen=True)
class Limit:
    """At most `most` tries within SPAN_SECONDS for each key; after that one more whenever its share has run out."""

    name: str
    most: int

    @property
    def share(self) -> float:
        """How many seconds of the bucket one try fills."""
        return SPAN_SECONDS / self.most


@dataclass(frozen=True)
class Bucket:
    """The bucket of `key` under `limit`."""

    limit: Limit
    key: str

    @property
    def number(self) -> int:
        """Its row: the same for the same key, and not to be foretold without the installation's key."""
        digest = salted_hmac("sites.throttling", f"{self.limit.name}:{self.key}", algorithm="sha256").digest()
        return int.from_bytes(digest[:8], "big") % COUNT


def take(buckets: Iterable[Bucket]) -> float:
    """Take one try from each bucket; returns 0, or the seconds until the fullest has room. Then nothing is taken."""
    wanted = list(buckets)
    waiting = wait(wanted)
    if waiting:
        return waiting  # the usual case in a flood, which so costs no write
    with transaction.atomic():
        now = time.time()  # not before: a moment of before others' tries would make the bucket seem fuller than it is
        full = next((bucket for bucket in wanted if not _fill(bucket, now)), None)
        transaction.set_rollback(full is not None)
    return max(wait([full]), 1.0) if full else 0.0


def wait(buckets: Iterable[Bucket]) -> float:
    """Seconds until each of the buckets has room for one more try; takes nothing."""
    asked = list(buckets)
    rows = LimitBucket.objects.filter(number__in=[bucket.number for bucket in asked])
    empty_at = dict(rows.values_list("number", "empty_at"))
    now = time.time()
    filled = {number: moment - now for number, moment in empty_at.items() if moment <= now + _FULL_SECONDS}
    waits = [filled[bucket.number] + bucket.limit.share - SPAN_SECONDS for bucket in asked if bucket.number in filled]
    return max([0.0, *waits])


def give_back(buckets: Iterable[Bucket]) -> None:
    """The try was none: a right secret, or one that was not looked at."""
    with transaction.atomic():
        for bucket in buckets:
            LimitBucket.objects.filter(number=bucket.number).update(empty_at=F("empty_at") - bucket.limit.share)


def empty(bucket: Bucket) -> None:
    """Forget its tries."""
    LimitBucket.objects.filter(number=bucket.number).update(empty_at=0.0)


def _fill(bucket: Bucket, now: float) -> bool:
    is_possible = When(empty_at__lte=now + _FULL_SECONDS, then=F("empty_at"))
    present = Case(is_possible, default=_seconds(now))
    filled = LimitBucket.objects.annotate(present=present).filter(
        number=bucket.number, present__lte=now + SPAN_SECONDS - bucket.limit.share
    )
    after = Greatest(present, _seconds(now)) + _seconds(bucket.limit.share)
    if filled.update(empty_at=after):
        return True
    _, is_new = LimitBucket.objects.get_or_create(number=bucket.number, defaults={"empty_at": now + bucket.limit.share})
    return is_new or bool(filled.update(empty_at=after))  # somebody else may have made the row since


def _seconds(value: float) -> Value:
    return Value(value, output_field=FloatField())
