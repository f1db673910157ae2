"""What the admin pages of records share that belong to the services."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class ServiceRecordAdmin(admin.ModelAdmin):
    """Records to look at: a change past the services would leave routes, holds and audit behind."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False


class RecordInline(admin.TabularInline):
    """Rows that belong to such a record, to look at as well."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False
