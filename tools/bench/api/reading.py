"""What reading costs: database queries of one site and of a list, and the time of a long list beside a short one."""

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sites.models import Membership, Role, Scope, Subscription
from sites.services import access_tokens
from tools.bench.api.program import PREFIX, Program
from tools.bench.windows import CONFIDENCE, RESAMPLES, Estimate
from tools.demo.operations import OperationFailed

LIST = f"{PREFIX}/sites"
SITE = f"{LIST}/{{site_name}}"
UNCOUNTED = 5
"""Reads before the first that counts: what is read once and kept."""
BLOCK = 10
"""So many reads in a row belong together: what disturbs the machine meets neighbours."""


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of each read, of the short list and of the long one, as many of both."""

    few: Sequence[float]
    many: Sequence[float]

    @property
    def p95_ratio(self) -> float:
        """p95 of the long list ÷ p95 of the short one."""
        return p95(self.many) / p95(self.few)

    def p95_interval(self, chance: random.Random, *, resamples: int = RESAMPLES) -> Estimate:
        """The same with its interval: whole blocks are drawn, of both lists at the same places.

        A p95 hangs on the slowest twentieth of the reads, so that of few reads one disturbance moves it by half.
        """
        begins = range(0, len(self.few), BLOCK)
        ratios = []
        for _ in range(resamples):
            drawn = [slice(begin, begin + BLOCK) for begin in chance.choices(begins, k=len(begins))]
            few, many = ([one for part in drawn for one in side[part]] for side in (self.few, self.many))
            ratios.append(p95(many) / p95(few))
        ratios.sort()
        rest = (1 - CONFIDENCE) / 2
        low, high = ratios[int(rest * resamples)], ratios[min(resamples - 1, int((1 - rest) * resamples))]
        return Estimate(self.p95_ratio, low, high)

    @property
    def p50_ratio(self) -> float:
        """The same of the medians."""
        return statistics.median(self.many) / statistics.median(self.few)


def reader(name: str, subscriptions: Sequence[Subscription]) -> str:
    """The access token, to read, of somebody new who may see these subscriptions."""
    user = get_user_model().objects.create_user(name)
    Membership.objects.bulk_create(Membership(subscription=one, user=user, role=Role.READER) for one in subscriptions)
    return access_tokens.create(acting_user=user, name="bench", scopes=[Scope.READ], days=1)[1]


def count_queries(host: str, token: str, site_name: str) -> dict[str, int]:
    """Database queries of reading one site, and the list; counted while this process answers. `host` is the portal's.

    Raises OperationFailed.
    """
    client = Client(headers={"host": host, "authorization": f"Bearer {token}"})
    return {"site": _count(client, SITE.format(site_name=site_name)), "list": _count(client, LIST)}


def _count(client: Client, path: str) -> int:
    client.get(path)  # what is read once and kept, and the use of the token, which is noted once a minute
    with CaptureQueriesContext(connection) as counted:
        status = client.get(path).status_code
    if status != HTTPStatus.OK:
        raise OperationFailed(f"The API answered {status} to a GET of {path}.")
    return len(counted)


def interleave(few: Program, many: Program, count: int, per_page: int | None = None) -> Times:
    """Read the first page of both lists in turns, and in turns first. Raises OperationFailed."""
    query = {} if per_page is None else {"per_page": per_page}
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(count + UNCOUNTED):
        pairs = [(few, times[0]), (many, times[1])]
        for program, noted in pairs if number % 2 else reversed(pairs):
            began = time.perf_counter()
            program.get(LIST, query=query)
            if number >= UNCOUNTED:
                noted.append((time.perf_counter() - began) * 1000)
    return Times(*times)


def total(program: Program) -> int:
    """How many sites the list has. Raises OperationFailed."""
    return int(program.get(LIST, query={"per_page": 1}).data["total"])


def p95(values: Sequence[float]) -> float:
    """Of at least one value: what 95 of 100 do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]
