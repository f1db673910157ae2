"""Tell the runtime what holds on this machine, and write down what it measured."""

from django.conf import settings

from sites.errors import QuotaExceeded
from sites.models import Category, Site, SiteUsage
from sites.operations.kinds.recorded import QUOTA
from sites.runtime.memory import offered_mb
from sites.runtime.registry import get_runtime
from sites.runtime.spec import FolderQuota, FolderUse, MachineLimits

ACTOR = "Greenroom"
LEAST_PATIENCE_SECONDS = 60
"""Nobody waits for so long at an instance which has merely much to do."""


def run() -> None:
    """Once; the runtime goes on with it also when nobody says it again."""
    known = {usage.site_id: usage for usage in SiteUsage.objects.all()}
    for use in get_runtime().keep_limits(machine_limits()):
        usage = known.get(use.owner)
        if usage is not None and _is_as_before(usage, use):
            continue
        site = Site.objects.filter(pk=use.owner).first()
        if site is None:
            continue
        usage = usage or SiteUsage(site=site)
        if use.is_read_only != usage.is_read_only:
            _record(site, use)
        usage.folder_bytes, usage.folder_files, usage.is_read_only = use.bytes, use.files, use.is_read_only
        usage.save()


def machine_limits() -> MachineLimits:
    """As the settings are now, with a quota for each site that has persistent folders."""
    sites = Site.objects.filter(settings__category=Category.MOUNTS).distinct().values_list("pk", flat=True)
    quotas = tuple(
        FolderQuota(pk, str(settings.MOUNT_DIR / str(pk)), settings.SITE_FOLDER_BYTES, settings.SITE_FOLDER_FILES)
        for pk in sorted(sites)
    )
    memory = offered_mb(settings.SITES_MEMORY_MB)
    patience = float(max(settings.SILENCE_SECONDS, LEAST_PATIENCE_SECONDS))
    return MachineLimits(memory, settings.MEMORY_OVERCOMMIT, settings.DISK_RESERVE, quotas, patience)


def _is_as_before(usage: SiteUsage, use: FolderUse) -> bool:
    before = usage.folder_bytes, usage.folder_files, usage.is_read_only
    return before == (use.bytes, use.files, use.is_read_only)


def _record(site: Site, use: FolderUse) -> None:
    """So that it stands in the operation log, and in the notifications of whoever looks."""
    size = f"{use.bytes / 1024**2:,.0f} MB and {use.files:,} files"
    if use.is_read_only:
        outcome = (
            f"The persistent folders of '{site.name}' take {size}, more than the web site may have. It can read them "
            "and no longer write to them. Restart it: for ten minutes it can then delete files. Or ask the "
            "administrator to raise SITE_FOLDER_BYTES or SITE_FOLDER_FILES."
        )
    else:
        outcome = f"The persistent folders of '{site.name}' are within their quota again, and can be written."
    error_code = QuotaExceeded.code if use.is_read_only else ""
    QUOTA.record(actor_name=ACTOR, site=site, target=site.name, outcome=outcome, error_code=error_code)
