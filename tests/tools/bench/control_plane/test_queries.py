"""Queries are counted where they are made: of the portal in the answer, of the workers in what was ordered of them."""

import pytest
from celery import Task
from django.test.utils import override_settings

from sites.models import Operation, OperationState
from tests.domain import Domain
from tools.bench.control_plane.queries import count_queries
from tools.demo.staged_site import StagedSite


@pytest.mark.django_db(transaction=True)
@override_settings(PORTAL_HOST="localhost", PORT=8080)
def test_a_swap_is_asked_for_done_and_counted_without_a_worker(domain: Domain) -> None:
    domain.staged()
    former = Task.apply_async
    site = StagedSite("contoso", domain.alice, domain.subscription, lambda version: b"", 8080, 1, is_marked=False)
    counted = count_queries(site)
    assert Operation.objects.latest("pk").state == OperationState.SUCCEEDED
    assert set(counted) == {"queries_swap_post", "queries_swap_job", "queries_dashboard"}
    assert all(int(str(number)) > 5 for number in counted.values())
    assert Task.apply_async is former
