"""What the persistent folders of a web site were measured to take."""

from django.db import models

from sites.models.site import Site


class SiteUsage(models.Model):
    """One row per web site that has persistent folders; written by a job, read by the dashboard."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="usage")
    folder_bytes = models.BigIntegerField(default=0)  # on disk
    folder_files = models.PositiveIntegerField(default=0)
    is_read_only = models.BooleanField(default=False)  # above its quota

    def __str__(self) -> str:
        return f"usage of {self.site}"
