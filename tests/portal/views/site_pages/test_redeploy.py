"""A former deployment is published again from its history; staging is offered where production is meant."""

import pytest
from django.test import Client

from sites.models import Deployment, Operation, Slot
from tests.domain import Domain
from tests.portal.views.site_pages.conftest import Address


@pytest.fixture
def former(domain: Domain, production: Slot) -> Deployment:
    """Production served it before."""
    deployment = production.workload.active_deployment
    assert domain.publish(production, "newer").state == "succeeded"
    return deployment


def test_the_history_offers_former_ones_and_not_the_active_one(
    domain: Domain, alice: Client, bob: Client, production: Slot, former: Deployment, address: Address
) -> None:
    production.refresh_from_db()
    active = production.workload.active_deployment
    page = alice.get(address("deployments", production)).content.decode()
    assert address("redeploy", production, former.public_id) in page
    assert address("redeploy", production, active.public_id) not in page
    assert "Redeploy" not in bob.get(address("deployments", production)).content.decode()


def test_production_asks_and_offers_staging_first(
    alice: Client, production: Slot, staging: Slot, former: Deployment, address: Address
) -> None:
    page = alice.get(address("redeploy", production, former.public_id)).content.decode()
    assert "to <strong>CONTOSO</strong>? It becomes the whole content of the production site" in page
    assert address("redeploy", staging, former.public_id) in page
    assert "confirmation--production" in page
    other = alice.get(address("redeploy", staging, former.public_id)).content.decode()
    assert "to <strong>CONTOSO (STAGING)</strong>?" in other
    assert "publish it to" not in other and "confirmation--production" not in other


def test_yes_publishes_it_without_a_build(
    domain: Domain, alice: Client, production: Slot, former: Deployment, address: Address
) -> None:
    answer = alice.post(address("redeploy", production, former.public_id))
    assert answer.status_code == 303
    assert domain.work(Operation.objects.latest("pk")).state == "succeeded"
    production.refresh_from_db()
    assert production.workload.active_deployment.content_digest == former.content_digest
    assert domain.serves("contoso.localhost") == former.message


def test_what_is_gone_or_of_another_site_is_not_found(
    domain: Domain, alice: Client, production: Slot, former: Deployment, address: Address
) -> None:
    other = domain.create("fabrikam").slots.get()
    assert alice.get(address("redeploy", other, former.public_id)).status_code == 404
    Deployment.objects.filter(pk=former.pk).update(content_removed_at=former.received_at)
    assert alice.post(address("redeploy", production, former.public_id)).status_code == 404


def test_the_branch_to_deploy_is_saved(alice: Client, staging: Slot, address: Address) -> None:
    page = alice.get(address("deployments", staging)).content.decode()
    assert "git push 'http://$contoso__staging@contoso-staging.scm.localhost:8080/contoso.git' main" in page
    assert alice.post(address("deploy-branches", staging), {"branches": "release"}).status_code == 303
    staging.refresh_from_db()
    assert staging.branches == ("release",)
    assert "contoso.git' release" in alice.get(address("quickstart", staging)).content.decode()
