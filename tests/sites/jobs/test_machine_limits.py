"""The runtime is told the limits of the machine, and what it measured is written down."""

import pytest
from django.conf import LazySettings

from sites.errors import RuntimeUnreachable
from sites.jobs import machine_limits
from sites.models import Category, Operation, SiteUsage
from sites.runtime.spec import FolderQuota, FolderUse
from sites.services.settings import Entry
from tests.domain import Domain


def test_every_site_with_persistent_folders_has_a_quota(domain: Domain, settings: LazySettings) -> None:
    production, _staging = domain.staged()
    domain.create("fabrikam")
    domain.save(production, Entry("store", "/data/store"), category=Category.MOUNTS)
    settings.SITES_MEMORY_MB, settings.SITE_FOLDER_BYTES, settings.SITE_FOLDER_FILES = 2000, 5, 6
    machine_limits.run()
    told = domain.runtime.limits
    assert told is not None
    assert (told.memory_mb, told.overcommit, told.disk_reserve) == (2000, settings.MEMORY_OVERCOMMIT, 0)
    folder = settings.MOUNT_DIR / str(production.site_id)
    assert told.quotas == (FolderQuota(production.site_id, str(folder), 5, 6),)


@pytest.mark.django_db
@pytest.mark.parametrize(("silence", "patience"), [(300, 300), (900, 900), (10, 60)])
def test_an_instance_may_be_silent_for_as_long_as_a_request_and_at_least_a_minute(
    settings: LazySettings, silence: int, patience: int
) -> None:
    settings.SILENCE_SECONDS = silence
    assert machine_limits.machine_limits().patience_seconds == patience


def test_what_is_measured_is_written_down_once(domain: Domain) -> None:
    site = domain.create()
    domain.runtime.folder_uses = [FolderUse(site.pk, 100, 2)]
    machine_limits.run()
    usage = SiteUsage.objects.get(site=site)
    assert (usage.folder_bytes, usage.folder_files, usage.is_read_only) == (100, 2, False)
    domain.runtime.folder_uses = [FolderUse(site.pk, 200, 3)]
    machine_limits.run()
    usage.refresh_from_db()
    assert usage.folder_bytes == 200
    assert not Operation.objects.filter(kind="quota").exists()


def test_read_only_folders_stand_in_the_operation_log_once_and_so_does_their_end(domain: Domain) -> None:
    site = domain.create()
    domain.runtime.folder_uses = [FolderUse(site.pk, 2 * 1024**2, 2, is_read_only=True)]
    machine_limits.run()
    machine_limits.run()
    (operation,) = Operation.objects.filter(kind="quota")
    assert operation.outcome.startswith("The persistent folders of 'contoso' take 2 MB and 2 files, more than")
    assert (operation.site, operation.subscription, operation.state) == (site, site.subscription, "failed")
    domain.runtime.folder_uses = [FolderUse(site.pk, 1, 1)]
    machine_limits.run()
    last = Operation.objects.filter(kind="quota").first()
    assert last is not None
    assert (last.state, "within their quota again" in last.outcome) == ("succeeded", True)


def test_a_site_that_is_gone_meanwhile_is_left_out(domain: Domain) -> None:
    domain.runtime.folder_uses = [FolderUse(4711, 100, 2)]
    machine_limits.run()
    assert not SiteUsage.objects.exists()


def test_a_runtime_that_does_not_answer_changes_nothing(domain: Domain) -> None:
    domain.runtime.is_reachable = False
    with pytest.raises(RuntimeUnreachable):
        machine_limits.run()
