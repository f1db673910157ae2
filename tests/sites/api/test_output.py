"""What applications and release commands write is for people who may change the web site: it may hold secrets."""

import pytest

from sites.models import Deployment, Operation, OperationState, Slot
from sites.planning import build_log
from tests.domain import Domain
from tests.sites.api.program import Program, program_of

SAID, SECRET = "The release command failed.", "KeyError: DATABASE_URL=postgres://u:hush-hush@db"


@pytest.fixture
def failed(domain: Domain, slots: tuple[Slot, Slot]) -> Deployment:
    """Its release command, and the operation, ended with a secret on the last line; so did the swap after it."""
    deployment = slots[1].workload.active_deployment
    Deployment.objects.filter(pk=deployment.pk).update(state="failed", failure=f"{SAID}\n{SECRET}")
    domain.swap(slots[1], slots[0])
    outcome = f"{SAID}\n{SECRET}"
    Operation.objects.update(state=OperationState.FAILED, outcome=outcome)
    log = build_log(deployment)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{SECRET}\n")
    return deployment


def addresses(deployment: Deployment) -> list[str]:
    operation = Operation.objects.filter(site__isnull=False).latest("pk")
    one = f"/sites/contoso/deployments/{deployment.public_id.hex}"
    listed = ["/operations", "/sites/contoso/swaps", "/sites/contoso/slots/production/deployments"]
    return [one, f"/operations/{operation.public_id}", *listed]


@pytest.mark.parametrize("who", ["reader", "reader of the site", "token for looking"])
def test_whoever_may_only_look_gets_the_sentence_alone(domain: Domain, failed: Deployment, who: str) -> None:
    if who == "reader of the site":
        failed.workload.site.members.create(user=domain.charlie, role="reader")
    person = {"reader": domain.bob, "reader of the site": domain.charlie}.get(who)
    program = program_of(person) if person else program_of(domain.alice, "read")
    for address in addresses(failed):
        answer = program.get(address)
        assert answer.status_code == 200
        assert b"hush-hush" not in answer.content and SAID.encode() in answer.content, address
    Operation.objects.filter(swap__isnull=False).update(kind="autoscale")
    scaled = program.get("/sites/contoso/slots/production/autoscale")
    assert b"hush-hush" not in scaled.content and SAID.encode() in scaled.content
    log = program.get(f"/sites/contoso/deployments/{failed.public_id.hex}/log")
    assert (log.status_code, log.json()["code"]) == (403, "NotAllowed" if person else "ScopeMissing")


def test_whoever_may_change_the_site_gets_the_lines(domain: Domain, program: Program, failed: Deployment) -> None:
    failed.workload.site.members.create(user=domain.charlie, role="contributor")
    for own in (program, program_of(domain.charlie)):
        for address in addresses(failed):
            assert b"hush-hush" in own.get(address).content, address
        log = own.get(f"/sites/contoso/deployments/{failed.public_id.hex}/log")
        assert b"hush-hush" in b"".join(log)
