"""Reading is counted for somebody who sees few sites and for somebody who sees more, and both need as many queries."""

import random

import pytest

from sites.models import Subscription
from tests.domain import Domain
from tools.bench.api.reading import Times, count_queries, p95, reader


def chance() -> random.Random:
    return random.Random(1)  # noqa: S311  draws, not secrets


@pytest.mark.django_db
def test_a_list_needs_as_many_queries_however_many_sites_it_has(domain: Domain) -> None:
    domain.staged()
    empty = Subscription.objects.create(name="Few")
    few = count_queries("localhost", reader("few", [domain.subscription]), "contoso")
    domain.staged(name="fabrikam")
    many = count_queries("localhost", reader("many", [empty, domain.subscription]), "contoso")
    assert few == many
    assert 0 < few["site"] <= few["list"] + 1


def test_ratios_are_of_the_long_list_to_the_short_one() -> None:
    times = Times(few=[1.0] * 94 + [2.0] * 6, many=[3.0] * 94 + [5.0] * 6)
    assert (times.p95_ratio, times.p50_ratio) == (2.5, 3.0)
    assert p95([7.0]) == 7.0


def test_one_disturbance_among_many_reads_leaves_the_ratio_below_its_limit() -> None:
    quiet = [10.0 + number % 7 for number in range(200)]
    disturbed = [*quiet[:180], *[90.0] * 5, *quiet[185:]]
    found = Times(few=quiet, many=disturbed).p95_interval(chance())
    assert found.value == 1.0 and found.low == 1.0 < found.high
    assert Times(few=quiet, many=[2 * one for one in quiet]).p95_interval(chance()).low == 2.0
    same = Times(few=disturbed, many=disturbed).p95_interval(chance())
    assert (same.low, same.value, same.high) == (1.0, 1.0, 1.0), "what meets both lists is no difference"
