"""The maintenance page of a slot."""

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import Asked
from sites.models import MaintenancePage, Slot
from sites.services.addresses import MAX_ADDRESSES
from sites.services.maintenance import LONGEST_SECONDS, MAX_PAGE_BYTES


class MaintenanceShown(Schema):
    """Whether visitors get the page, and which."""

    is_on: bool
    html: str = Field(description="empty: the page that comes with Greenroom")
    retry_after_seconds: int
    addresses: list[str] = Field(description="from where visitors still reach the content")


class NewMaintenance(Asked):
    """What is to hold; what is left out stays as it is."""

    is_on: bool | None = None
    html: str | None = Field(None, max_length=MAX_PAGE_BYTES, description="at most 32 KB as UTF-8")
    retry_after_seconds: int | None = Field(None, ge=1, le=LONGEST_SECONDS)
    addresses: list[str] | None = Field(None, max_length=MAX_ADDRESSES)


def describe_maintenance(slot: Slot, page: MaintenancePage) -> MaintenanceShown:
    """For an answer."""
    return MaintenanceShown(
        is_on=slot.is_in_maintenance,
        html=page.html,
        retry_after_seconds=page.retry_after_seconds,
        addresses=page.addresses,
    )
