"""The history of a slot's deployments, and the log of each build."""

import os
import uuid

from django.test import Client

from sites.models import Deployment, Slot
from sites.planning import build_log
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.site_pages.conftest import Address


def test_the_active_deployment_is_marked(domain: Domain, alice: Client, production: Slot, address: Address) -> None:
    domain.publish(production, "newer")
    page = alice.get(address("deployments", production)).content.decode()
    assert page.count("Active deployment:") == 1
    assert page.index("Active deployment:") < page.index("newer") < page.index("<bdi>one</bdi>")


def test_a_failure_tells_its_sentence(alice: Client, production: Slot, address: Address) -> None:
    production.workload.deployments.create(
        content_digest="x",
        message="fix header",
        author="a",
        deployer="Portal",
        state="failed",
        failure="It broke.\nlog",
    )
    page = alice.get(address("deployments", production)).content.decode()
    assert "Failed:" in page
    assert "It broke." in page


def test_a_long_history_has_pages(alice: Client, production: Slot, address: Address) -> None:
    for number in range(25):
        production.workload.deployments.create(
            content_digest="x", message=f"number {number}", author="a", deployer="Portal", state="active"
        )
    assert "Older" in alice.get(address("deployments", production)).content.decode()
    assert "Newer" in alice.get(address("deployments", production) + "?page=2").content.decode()


def test_the_log_follows_while_it_is_built_and_then_ends(alice: Client, production: Slot, address: Address) -> None:
    deployment = production.workload.deployments.create(
        content_digest="x", message="m", author="a", deployer="Portal", state="building"
    )
    build_log(deployment).parent.mkdir(parents=True, exist_ok=True)
    build_log(deployment).write_text("Collecting flask\n<b>")
    headers = {**HTMX, "HX-Target": "build-log"}
    page = address("deployment", production, deployment.public_id)
    during = alice.get(page, headers=headers)
    assert during.status_code == 200
    assert "Collecting flask\n&lt;b&gt;" in during.content.decode()
    assert "every 1s" in during.content.decode()
    Deployment.objects.update(state="active")
    after = alice.get(page, headers=headers)
    assert after.status_code == 286
    assert "every 1s" not in after.content.decode()


def test_of_a_log_of_any_size_the_page_shows_the_end(alice: Client, production: Slot, address: Address) -> None:
    deployment = production.workload.active_deployment
    log = build_log(deployment)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        file.truncate(50 * 1024**3)
        file.seek(0, os.SEEK_END)
        file.write(b"\nthe end\n")
    try:
        page = alice.get(address("deployment", production, deployment.public_id)).content.decode()
    finally:
        log.unlink()
    assert "the end</pre>" in page
    assert len(page) < 100_000


def test_the_log_of_another_site_is_nowhere(domain: Domain, alice: Client, production: Slot, address: Address) -> None:
    other = domain.create("fabrikam").slots.get()
    theirs = other.workload.deployments.create(content_digest="x", message="m", author="a", deployer="Portal")
    assert alice.get(address("deployment", production, theirs.public_id)).status_code == 404
    assert alice.get(address("deployment", production, uuid.uuid4())).status_code == 404


def test_a_stranger_reads_no_log(charlie: Client, production: Slot, address: Address) -> None:
    deployment = production.workload.active_deployment
    assert charlie.get(address("deployment", production, deployment.public_id)).status_code == 404
