"""The portal as a Django app."""

from importlib import import_module

from django.apps import AppConfig

from portal import security_log


class PortalConfig(AppConfig):
    """Label `portal`."""

    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have sign-ins logged and accounts watched; the receivers import models, which exist only now."""
        security_log.connect()
        import_module("portal.accounts.receivers")
