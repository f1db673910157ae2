"""The configuration: which names there are and whose they are; values are encrypted and stay out of sight."""

from django.contrib import admin

from portal.admin.base import ServiceRecordAdmin
from sites.models import SlotSetting, StickyName


@admin.register(SlotSetting)
class SlotSettingAdmin(ServiceRecordAdmin):
    """One entry of the configuration of a slot or of the workload in it."""

    list_display = ["name", "category", "site", "owner", "sticky"]
    list_filter = ["category", ("slot", admin.EmptyFieldListFilter)]
    list_select_related = ["site", "slot__site", "workload__site", "workload__slot__site"]
    search_fields = ["name", "site__name"]

    @admin.display
    def owner(self, setting: SlotSetting) -> str:
        """The slot, or the workload with the slot that it is in."""
        if setting.slot is not None:
            return setting.slot.title
        place = getattr(setting.workload, "slot", None)
        return f"workload in {place.title}" if place else str(setting.workload)

    @admin.display(boolean=True)
    def sticky(self, setting: SlotSetting) -> bool:
        """Whether it stays with its slot on a swap."""
        return setting.is_sticky


@admin.register(StickyName)
class StickyNameAdmin(ServiceRecordAdmin):
    """Names whose values stay with their slot, in every slot of the site."""

    list_display = ["name", "category", "site"]
    list_filter = ["category"]
    list_select_related = ["site"]
    search_fields = ["name", "site__name"]
