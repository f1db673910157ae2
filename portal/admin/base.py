"""What the admin pages of records share that belong to the services."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from sites.models.fields import EncryptedTextField


def encrypted_fields(model: type[Model]) -> list[str]:
    """The names of what stays out of sight."""
    return [field.name for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]


class ServiceRecordAdmin(admin.ModelAdmin):
    """Records to look at: a change past the services would leave routes, holds and audit behind.

    What is encrypted is never shown.
    """

    list_per_page = 50
    show_full_result_count = False

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Every encrypted field, beside those that the page leaves out itself."""
        return [*(super().get_exclude(request, obj) or []), *encrypted_fields(self.model)]

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
