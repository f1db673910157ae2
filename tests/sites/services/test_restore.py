"""What was deleted comes back within seven days, with its content, settings and folders."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.errors import NotAllowed, NotFound, NotRestorable, NotStandard, SlotLimit
from sites.jobs import tidy
from sites.models import Category, DeletedSlot, Operation, Revision, RevisionState, Site, Slot
from sites.models.clock import now
from sites.operations.kinds import kind_of
from sites.operations.kinds.restore import RESTORE
from sites.planning import mount_folder
from sites.services import restore as restoring
from sites.services import sites, slots, visitors
from sites.services.settings import Entry
from tests.domain import Domain


@pytest.fixture(autouse=True)
def _own_folders(settings: LazySettings, tmp_path: Path) -> None:
    for name in ("CONTENT_DIR", "BUILD_DIR", "MOUNT_DIR", "CACHE_DIR", "UPLOAD_DIR"):
        setattr(settings, name, tmp_path / name)


def in_force(slot: Slot) -> set[tuple[str, str, bool]]:
    return {(row.name, row.value, row.is_sticky) for row in [*slot.settings.all(), *slot.workload.settings.all()]}


def delete_site(domain: Domain, site: Site) -> Operation:
    return finished(domain, sites.delete_site(acting_user=domain.alice, site=site, typed_name=site.name))


def delete_staging(domain: Domain, slot: Slot) -> Operation:
    return finished(domain, slots.delete_staging(acting_user=domain.alice, slot=slot))


def finished(domain: Domain, operation: Operation) -> Operation:
    domain.look(operation)
    long_ago = now() - timedelta(minutes=5)
    Revision.objects.filter(state=RevisionState.DRAINING).update(released_at=long_ago, drain_deadline=long_ago)
    domain.retire()
    domain.work(operation)
    assert operation.state == "succeeded", operation.outcome
    return operation


def restore(domain: Domain, operation: Operation) -> Operation:
    restored = domain.work(restoring.restore(acting_user=domain.alice, operation=operation))
    assert restored.state == "succeeded", restored.outcome
    return restored


def test_a_site_comes_back_with_both_slots_their_contents_and_settings(domain: Domain) -> None:
    production, staging = domain.staged()
    for slot in (production, staging):
        domain.save(slot, Entry("MARK", slot.name, is_sticky=True), Entry("PLAIN", "same"))
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3))
    before, password = in_force(production), production.publishing_password
    deleted = delete_site(domain, production.site)
    assert domain.serves("contoso.localhost") is None and not Site.objects.exists()
    restored = restore(domain, deleted)
    assert kind_of(restored) is RESTORE and "Restored 'contoso'" in restored.outcome
    assert domain.serves("contoso.localhost") == "one"
    assert domain.serves("contoso-staging.localhost") == "two"
    production = Site.objects.get().slots.get(is_production=True)
    assert in_force(production) == before == {("MARK", "production", True), ("PLAIN", "same", False)}
    assert production.instance_count == 3 and production.publishing_password != password


def test_a_staging_site_comes_back_under_its_site_alone(domain: Domain) -> None:
    production, staging = domain.staged()
    deleted = delete_staging(domain, staging)
    assert domain.serves("contoso-staging.localhost") is None
    restore(domain, deleted)
    assert domain.serves("contoso-staging.localhost") == "two"
    assert domain.serves("contoso.localhost") == "one"
    assert production.site.slots.count() == 2


def test_a_stopped_site_comes_back_stopped(domain: Domain) -> None:
    site = domain.create()
    domain.work(slots.stop(acting_user=domain.alice, slot=site.slots.get()))
    restore(domain, delete_site(domain, site))
    assert not Slot.objects.get().is_running


def test_persistent_folders_are_kept_and_given_back(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.save(production, Entry("data", "/data", is_sticky=True), category=Category.MOUNTS)
    folder = mount_folder(production.settings.get(category=Category.MOUNTS))
    folder.mkdir(parents=True)
    (folder / "orders.txt").write_text("42")
    deleted = delete_site(domain, production.site)
    assert (folder / "orders.txt").exists()
    restore(domain, deleted)
    there = mount_folder(Slot.objects.get(is_production=True).settings.get(category=Category.MOUNTS))
    assert there != folder and (there / "orders.txt").read_text() == "42"


def test_contents_stay_for_seven_days_and_go_with_the_folders(domain: Domain, settings: LazySettings) -> None:
    production, _staging = domain.staged()
    domain.save(production, Entry("data", "/data", is_sticky=True), category=Category.MOUNTS)
    folder = mount_folder(production.settings.get(category=Category.MOUNTS))
    folder.mkdir(parents=True)
    digests = {slot.workload.active_deployment.content_digest for slot in production.site.slots.all()}
    deleted = delete_site(domain, production.site)
    settle(settings.CONTENT_DIR)
    tidy.run()
    assert all((settings.CONTENT_DIR / digest).is_dir() for digest in digests)
    shift = timedelta(days=7, seconds=1)
    for kept in DeletedSlot.objects.all():
        DeletedSlot.objects.filter(pk=kept.pk).update(expires_at=kept.expires_at - shift)
    with pytest.raises(NotRestorable):
        restoring.restore(acting_user=domain.alice, operation=deleted)
    tidy.run()
    assert not DeletedSlot.objects.exists() and not folder.exists()
    assert not any((settings.CONTENT_DIR / digest).is_dir() for digest in digests)


def settle(folder: Path) -> None:
    """Make everything there old enough to be removed."""
    for child in folder.iterdir():
        os.utime(child, (time.time() - 7200,) * 2)


def test_a_name_in_use_is_refused_with_who_has_it(domain: Domain) -> None:
    deleted = delete_site(domain, domain.create())
    domain.create()
    with pytest.raises(NotRestorable, match="in use by another web site"):
        restoring.restore(acting_user=domain.alice, operation=deleted)
    assert Site.objects.count() == 1


def test_it_is_restored_once(domain: Domain) -> None:
    deleted = delete_site(domain, domain.create())
    restore(domain, deleted)
    with pytest.raises(NotRestorable, match="restored already"):
        restoring.restore(acting_user=domain.alice, operation=deleted)


def test_a_staging_site_needs_its_place(domain: Domain) -> None:
    production, staging = domain.staged()
    deleted = delete_staging(domain, staging)
    domain.enable(production.site)
    with pytest.raises(SlotLimit):
        restoring.restore(acting_user=domain.alice, operation=deleted)
    delete_staging(domain, production.site.slots.get(name="staging"))
    domain.work(sites.change_mode(acting_user=domain.alice, site=production.site, mode="shared"))
    with pytest.raises(NotStandard):
        restoring.restore(acting_user=domain.alice, operation=deleted)
    delete_site(domain, production.site)
    with pytest.raises(NotRestorable, match="no longer there"):
        restoring.restore(acting_user=domain.alice, operation=deleted)


def test_only_who_may_change_restores(domain: Domain) -> None:
    deleted = delete_site(domain, domain.create())
    with pytest.raises(NotAllowed):
        restoring.restore(acting_user=domain.bob, operation=deleted)
    with pytest.raises(NotFound):
        restoring.restore(acting_user=domain.charlie, operation=deleted)
    assert not Site.objects.exists()


def test_an_operation_that_deleted_nothing_cannot_be_undone_so(domain: Domain) -> None:
    domain.create()
    with pytest.raises(NotRestorable, match="nothing is kept"):
        restoring.restore(acting_user=domain.alice, operation=Operation.objects.get())


def test_a_staging_site_that_was_closed_comes_back_closed(domain: Domain) -> None:
    _, staging = domain.staged()
    visitors.save_visitors(
        acting_user=domain.alice, slot=staging, others="password", addresses=["192.0.2.7"], password="correct horse"
    )
    rule = visitors.rule_of(staging).described
    restore(domain, delete_staging(domain, staging))
    assert visitors.rule_of(Slot.objects.get(name="staging")).described == rule
