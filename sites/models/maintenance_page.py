"""What visitors of a slot get while it is under maintenance."""

from django.db import models

from sites.models.slot import Slot

RETRY_AFTER_SECONDS = 300
"""Unless somebody says otherwise."""


class MaintenancePage(models.Model):
    """The page and what it says of its end. It belongs to the slot, so it stays there on a swap, also while it is off.

    A slot without one has the page that comes with Greenroom.
    """

    slot = models.OneToOneField(Slot, on_delete=models.CASCADE, related_name="maintenance_page")
    html = models.TextField(blank=True)  # empty: the page that comes with Greenroom
    addresses = models.JSONField(default=list)  # from where visitors still reach the content
    retry_after_seconds = models.PositiveIntegerField(default=RETRY_AFTER_SECONDS)

    def __str__(self) -> str:
        return f"maintenance page of {self.slot}"
