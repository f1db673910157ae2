"""Events, and where they are sent."""

from django.contrib import admin

from portal.admin.base import ServiceRecordAdmin
from sites.models import Delivery, Event, EventTarget


@admin.register(Event)
class EventAdmin(ServiceRecordAdmin):
    """What happened, as programs are told it."""

    list_display = ["at", "type", "subject", "subscription", "number"]
    list_filter = ["type", "subscription"]
    search_fields = ["subject", "sentence"]
    list_select_related = ["subscription"]


@admin.register(EventTarget)
class EventTargetAdmin(ServiceRecordAdmin):
    """Who is told; address and secret stay out of sight."""

    list_display = ["title", "subscription", "site", "format", "host", "keeper", "is_enabled"]
    list_filter = ["is_enabled", "format"]
    search_fields = ["title", "host"]
    list_select_related = ["subscription", "site", "keeper"]


@admin.register(Delivery)
class DeliveryAdmin(ServiceRecordAdmin):
    """What came of each."""

    list_display = ["event", "target", "state", "attempts", "status", "tried_at"]
    list_filter = ["state"]
    search_fields = ["event__subject", "target__title"]
    list_select_related = ["event", "target"]
