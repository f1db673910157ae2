"""The portal as a Django app."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Label `portal`."""

    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"
