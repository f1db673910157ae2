"""The program of the measurement swaps once for two requests, and notes what its visitors must see."""

import pytest

from sites.models import Operation, Scope
from sites.services import access_tokens
from tests.domain import Domain
from tests.tools.bench.api.in_process import InProcess
from tools.bench.api.program import Seen
from tools.bench.api.swaps import swap, wait
from tools.demo.operations import OperationFailed
from tools.demo.staged_site import StagedSite


@pytest.mark.django_db(transaction=True)
def test_each_swap_is_one_operation_and_is_as_described(domain: Domain, seen: Seen) -> None:
    domain.staged()
    site = StagedSite("contoso", domain.alice, domain.subscription, lambda version: b"", 8080, 1, is_marked=False)
    text = access_tokens.create(acting_user=domain.alice, name="t", scopes=[Scope.SWAP], days=1)[1]
    program = InProcess(domain, text, seen)
    for _ in range(2):
        swap(program, site)
    assert Operation.objects.filter(kind="swap").count() == 2
    assert [set(one.versions.values()) for one in site.switches] == [{"1", "2"}] * 2
    assert site.switches[0].versions != site.switches[1].versions
    assert (seen.answers, seen.faults) == (8, [])


@pytest.mark.django_db(transaction=True)
def test_a_swap_that_fails_ends_the_measurement_with_its_sentence(domain: Domain, seen: Seen) -> None:
    domain.staged()
    text = access_tokens.create(acting_user=domain.alice, name="t", scopes=[Scope.SWAP], days=1)[1]
    program = InProcess(domain, text, seen)
    asked = program.ask("POST", "/api/v1/sites/{site_name}/swap", {"site_name": "contoso"}, body={"preview": True}).data
    program.ask("POST", "/api/v1/operations/{operation_id}/cancel", {"operation_id": asked["id"]})
    with pytest.raises(OperationFailed, match="cancelled"):
        wait(program, asked["id"])
