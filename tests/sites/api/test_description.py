"""The description that is made from the code is true: what it allows is answered as it says, and never by a fault."""

import functools
from collections import Counter
from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from sites.api import DESCRIPTION
from sites.api.application import api
from sites.models import Operation, SiteMember, Slot, Stay
from sites.services import event_targets
from tests.domain import Domain
from tests.sites.api.program import Program

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
FEW = hypothesis.settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""For each address and each kind of data. Give it more by hand to look further."""


def operations() -> Iterator[tuple[str, str]]:
    """Method and path of every route."""
    for path, item in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items():
        yield from ((method.upper(), path) for method in item)


@functools.cache
def schema() -> schemathesis.BaseSchema:
    """The description as it is served."""
    host = {"Host": "localhost"}
    return schemathesis.openapi.from_wsgi(DESCRIPTION, get_wsgi_application(), headers=host)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_described(
    domain: Domain, program: Program, slots: tuple[Slot, Slot], mode: GenerationMode
) -> None:
    target = event_targets.create(
        acting_user=domain.alice,
        subscription=domain.subscription,
        title="CI",
        url="https://hooks.example.org/",
        types=["swap.failed"],
    )
    real = {
        "target_id": str(target.public_id),
        "delivery_id": str(event_targets.send_test(acting_user=domain.alice, target=target).public_id),
        "site_name": "contoso",
        "slot_name": "staging",
        "deployment_id": str(slots[1].workload.active_deployment.public_id),
        "release_id": str(Stay.objects.filter(slot=slots[1]).latest("pk").pk),
        "host": "contoso-staging.localhost",
        "operation_id": str(Operation.objects.first().public_id),
        "number": str(SiteMember.objects.create(site=slots[0].site, user=domain.bob).pk),
    }
    statuses: Counter[int] = Counter()
    failed = []

    def ask(case: schemathesis.Case, is_real: bool) -> None:
        if is_real and mode is GenerationMode.POSITIVE:
            case.path_parameters |= {name: real[name] for name in case.path_parameters if name in real}
        # Every request is sent with a token: what is wrong about one without it may be that alone
        checks = CHECKS if "Authorization" in (case.headers or {}) else CHECKS[:-1]
        with transaction.atomic():
            answer = case.call(headers={"Host": "localhost", "Authorization": f"Bearer {program.token}"})
            transaction.set_rollback(True)
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=checks)

    for method, path in operations():
        cases = schema()[path][method].as_strategy(generation_mode=mode)
        try:
            FEW(hypothesis.given(case=cases, is_real=hypothesis.strategies.booleans())(ask))()
        except schemathesis.checks.FailureGroup as failures:
            failed.append(f"{method} {path}: {failures.exceptions}")
    assert not failed
    expected = {200, 202, 404} if mode is GenerationMode.POSITIVE else {400}
    assert expected <= statuses.keys() and sum(statuses.values()) > 100, statuses
