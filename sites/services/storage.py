"""What a web site takes on disk, beside what it may take."""

from dataclasses import dataclass

from django.conf import settings

from sites import kept_deployments
from sites.content import uploads
from sites.content.uploads import in_units
from sites.disk.use import Use
from sites.errors import QuotaExceeded
from sites.models import Site, SiteUsage


def ensure_disk() -> None:
    """Raises DiskFull when less of the disk is free than is kept in reserve."""
    uploads.ensure_disk()


def ensure_content_fits(new: Use, *, name: str, site: Site | None) -> None:
    """Raises QuotaExceeded when a new content would not fit beside what the site's slots and its roll-back need.

    What else is kept of former deployments makes room by itself.
    """
    quota = kept_deployments.content_quota()
    wanted = new + (kept_deployments.use_of(kept_deployments.needed(site)) if site else Use())
    if wanted.is_within(quota):
        return
    if quota.bytes and wanted.bytes > quota.bytes:
        values = {"wanted": in_units(wanted.bytes), "limit": in_units(quota.bytes), "setting": "SITE_CONTENT_BYTES"}
    else:
        values = {
            "wanted": f"{wanted.files:,} files",
            "limit": f"{quota.files:,} files",
            "setting": "SITE_CONTENT_FILES",
        }
    raise QuotaExceeded(name=name, **values)


@dataclass(frozen=True, slots=True)
class SiteStorage:
    """What a web site takes and may take; a quota of 0 is none."""

    content: Use
    """Of what its slots serve, and of the former deployments that are kept."""
    content_quota: Use
    folders: Use | None
    """As last measured; None without persistent folders."""
    folder_quota: Use
    is_read_only: bool
    """Its persistent folders are above their quota."""


def storage_of(site: Site) -> SiteStorage:
    """For the dashboard: two queries, nothing is measured."""
    usage = SiteUsage.objects.filter(site=site).first()
    return SiteStorage(
        content=kept_deployments.use_of(kept_deployments.stored(site)),
        content_quota=kept_deployments.content_quota(),
        folders=Use(usage.folder_bytes, usage.folder_files) if usage else None,
        folder_quota=Use(settings.SITE_FOLDER_BYTES, settings.SITE_FOLDER_FILES),
        is_read_only=usage is not None and usage.is_read_only,
    )
