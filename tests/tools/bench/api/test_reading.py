"""Reading is counted for somebody who sees few sites and for somebody who sees more, and both need as many queries."""

import pytest

from sites.models import Subscription
from tests.domain import Domain
from tools.bench.api.reading import Times, count_queries, p95, reader


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
