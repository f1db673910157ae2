"""The audit trail: operations with their steps, and swaps."""

from django.contrib import admin

from portal.admin.base import RecordInline, ServiceRecordAdmin
from sites.models import Operation, OperationStep, SlotChange, Swap


class StepInline(RecordInline):
    """The steps of an operation, with their times."""

    model = OperationStep
    fields = ["step", "sentence", "started_at", "ended_at", "is_failed"]


class ChangeInline(RecordInline):
    """What an operation changes in each slot."""

    model = SlotChange
    fields = ["slot", "revision_before", "revision_after", "count_before", "count_after"]


@admin.register(Operation)
class OperationAdmin(ServiceRecordAdmin):
    """Who asked for what, when, and how it ended; nobody can alter it here."""

    list_display = ["created_at", "kind", "target", "state", "step", "actor_name", "error_code", "ended_at"]
    list_filter = ["state", "kind", "subscription"]
    search_fields = ["target", "actor_name", "outcome"]
    date_hierarchy = "created_at"
    inlines = [StepInline, ChangeInline]


@admin.register(Swap)
class SwapAdmin(ServiceRecordAdmin):
    """Every swap with the moment of its switch."""

    list_display = ["operation", "state", "source", "target", "actor", "switched_at", "acknowledged_at"]
    list_filter = ["operation__state"]
    list_select_related = ["operation", "source__site", "target__site"]
    search_fields = ["operation__target", "operation__actor_name"]
    date_hierarchy = "switched_at"

    @admin.display(ordering="operation__state")
    def state(self, swap: Swap) -> str:
        """The state of its operation."""
        return swap.operation.get_state_display()

    @admin.display(ordering="operation__actor_name")
    def actor(self, swap: Swap) -> str:
        """Who asked for it."""
        return swap.operation.actor_name
