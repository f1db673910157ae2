"""The portal as a Django app."""

from django.apps import AppConfig

from portal import security_log


class PortalConfig(AppConfig):
    """Label `portal`."""

    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have sign-ins logged."""
        security_log.connect()
