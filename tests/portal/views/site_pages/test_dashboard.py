"""The dashboard tells what the records say of a slot."""

import re

from django.conf import LazySettings
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sites.models import Deployment, Instance, MetricSample, Operation, SiteUsage, Slot
from sites.operations.instances import record
from sites.runtime.spec import InstanceState, InstanceStatus, Written
from sites.services import slots
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.site_pages.conftest import Address


def test_quick_glance_names_the_slot_and_its_addresses(alice: Client, staging: Slot, address: Address) -> None:
    page = alice.get(address("dashboard", staging)).content.decode()
    assert "<dt>Slot</dt><dd>Staging</dd>" in page
    assert "http://contoso-staging.localhost:8080/" in page
    assert "http://contoso-staging.scm.localhost:8080" in page
    assert staging.publishing_password not in page


def test_what_others_can_change_in_the_quick_glance_stays_true(alice: Client, staging: Slot, address: Address) -> None:
    page = alice.get(address("dashboard", staging)).content.decode()
    for fact in ("glance-links", "status", "fact-url", "fact-mode", "fact-host", "fact-subscription"):
        assert re.search(f'id="{fact}"[^>]*data-live', page), fact


def test_the_way_to_staged_publishing_goes_once_staging_is_there(
    domain: Domain, alice: Client, address: Address
) -> None:
    site = domain.create("fabrikam")
    production = site.slots.get()
    link = "Enable staged publishing"
    assert link in alice.get(address("dashboard", production)).content.decode()
    staging = domain.enable(site)
    for slot in (production, staging):
        assert link not in alice.get(address("dashboard", slot)).content.decode()


@override_settings(STAGING_SLOTS_PER_SITE=4)
def test_with_room_for_more_the_way_stays_on_production(alice: Client, staged: list[Slot], address: Address) -> None:
    production, staging = staged
    assert "Enable staged publishing" in alice.get(address("dashboard", production)).content.decode()
    assert "Enable staged publishing" not in alice.get(address("dashboard", staging)).content.decode()


def test_a_reader_is_offered_no_change(bob: Client, production: Slot, address: Address) -> None:
    page = bob.get(address("dashboard", production)).content.decode()
    assert "Reset your publish profile credentials" not in page
    assert "Show the password" not in page


def test_the_last_swap_is_told_on_both_sides(
    domain: Domain, alice: Client, staged: list[Slot], address: Address
) -> None:
    production, staging = staged
    assert "has not been swapped yet" in alice.get(address("dashboard", production)).content.decode()
    domain.swap(staging, production)
    for slot in staged:
        page = alice.get(address("dashboard", slot)).content.decode()
        assert "Steps of this swap" in page
    assert "two" in alice.get(address("dashboard", production)).content.decode()


def test_what_was_written_beside_the_code_is_shown_with_the_advice(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=2))
    assert "outside a persistent folder" not in alice.get(address("dashboard", production)).content.decode()
    for ordinal, written in enumerate((Written(("app.db",), 0, 1), Written(("app.db", "logs\u202e/"), 3, 9))):
        live = production.live_revision_id
        assert live is not None
        record([InstanceStatus(live, ordinal, 1, InstanceState.RUNNING, "127.0.0.1", 1, written=written)])
    page = alice.get(address("dashboard", production)).content.decode()
    assert r"outside a persistent folder: <bdi>app.db, logs\u202e/ and 3 more</bdi>" in page
    assert f'<a href="{address("configure", production)}">persistent folder</a>' in page


def test_instances_are_counted_from_their_rows(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3))
    page = alice.get(address("dashboard", production)).content.decode()
    assert "3 of 3 wanted, 10 possible in Standard mode" in page


def test_the_password_is_shown_on_request_and_that_is_recorded(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    answer = alice.post(address("password-reveal", production), headers={**HTMX, "HX-Target": "publishing-password"})
    assert production.publishing_password in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    record = Operation.objects.get(kind="reveal")
    assert record.actor == domain.alice
    assert record.outcome == "The publishing password of 'contoso' was shown."


def test_without_javascript_the_password_stands_on_the_dashboard(
    alice: Client, production: Slot, address: Address
) -> None:
    page = alice.post(address("password-reveal", production)).content.decode()
    assert production.publishing_password in page
    assert "quick glance" in page


def test_resetting_the_credentials_asks_and_then_replaces_them(
    alice: Client, production: Slot, address: Address
) -> None:
    old = production.publishing_password
    question = alice.get(address("credentials-reset", production)).content.decode()
    assert "Are you sure you want to reset the publish profile credentials of 'contoso'?" in question
    assert alice.post(address("credentials-reset", production)).status_code == 303
    production.refresh_from_db()
    assert production.publishing_password != old


def test_quick_glance_and_overview_are_parts_that_stay_true(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    domain.work(slots.stop(acting_user=domain.alice, slot=production))
    page = alice.get(address("dashboard", production)).content.decode()
    assert '<div id="status" data-live><dt>Status</dt><dd>Stopped</dd></div>' in page
    for part in ("overview", "glance-links", "command-bar", "notification", "drill-in", "pending"):
        assert re.search(rf'<[^>]* id="{part}"[^>]* data-live', page), part


def test_what_is_taken_on_disk_is_shown_beside_what_may_be(
    domain: Domain, alice: Client, production: Slot, address: Address, settings: LazySettings
) -> None:
    Deployment.objects.update(content_bytes=0, content_files=1)
    Deployment.objects.filter(pk=production.workload.active_deployment_id).update(
        content_bytes=5 * 1024**2, content_files=340, build_digest="b", build_bytes=1024**2 // 2, build_files=60
    )
    settings.SITE_CONTENT_BYTES, settings.SITE_CONTENT_FILES = 55 * 1024**2, 10_000
    page = alice.get(address("dashboard", production)).content.decode()
    assert '<p class="usage__flag">5.50 MB</p>' in page
    assert "10% of 55 MB, 40" in page
    assert "of 10,000 files" in page
    assert "persistent folders" not in page
    SiteUsage.objects.create(site=production.site, folder_bytes=3 * 1024**2, folder_files=7)
    settings.SITE_FOLDER_BYTES, settings.SITE_FOLDER_FILES = 0, 0
    page = alice.get(address("dashboard", production)).content.decode()
    assert '<p class="usage__flag">3 MB</p>' in page
    assert '<span id="usage-folders">persistent folders</span> <span>7 files</span>' in page
    assert "can only read them" not in page


def test_what_the_last_day_used_is_shown_beside_the_share_of_the_instances(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    page = alice.get(address("dashboard", production)).content.decode()
    assert '<span id="usage-memory">memory usage</span> <span>needs a visitor</span>' in page
    moment = timezone.now()
    figures = {"cpu_ms": 43_200_000, "bytes_out": 3 * 1024**2, "memory": 448 * 1024**2}
    MetricSample.objects.create(
        slot=production,
        seconds=10,
        began_at=moment.replace(second=moment.second // 10 * 10, microsecond=0),
        figures=figures,
    )
    page = alice.get(address("dashboard", production)).content.decode()
    for flag, key, line in (
        ("12.00 hours", "cpu", "50.0% of 24 hours"),
        ("3 MB", "data-out", "no limit"),
        ("448 MB", "memory", "25% of 1.75 GB"),
    ):
        assert f'<p class="usage__flag">{flag}</p>' in page
        assert re.search(rf'<span id="usage-{key}">[^<]+</span> <span>{line}</span>', page), line


def test_folders_above_their_quota_are_told_with_the_way_out(alice: Client, production: Slot, address: Address) -> None:
    SiteUsage.objects.create(site=production.site, folder_bytes=1, folder_files=1, is_read_only=True)
    page = alice.get(address("dashboard", production)).content.decode()
    assert "contoso can only read them. Restart it: it can then delete files for ten minutes." in page


def test_an_instance_that_ran_out_of_memory_says_so(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    Instance.objects.update(observed_state="backoff", exit_code=137, end_reason="memory")
    page = alice.get(address("dashboard", production)).content.decode()
    assert f"used all of its {production.site.size.figures.memory_mb:,} MB of memory" in page
    assert "code 137" not in page


def test_a_dashboard_after_a_swap_asks_the_database_twenty_one_questions_at_most(
    domain: Domain, alice: Client, address: Address, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    _, staging = domain.swapped()
    alice.get(address("dashboard", staging))
    with django_assert_max_num_queries(21):
        page = alice.get(address("dashboard", staging)).content.decode()
    assert reverse("slot-rollback", args=["contoso", "staging"]) in page
