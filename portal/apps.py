"""The portal as a Django app."""

from importlib import import_module

from django.apps import AppConfig

from portal import security_log
from portal.celery import app


class PortalConfig(AppConfig):
    """Label `portal`."""

    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Give orders to Greenroom's own queue, from whatever thread; have sign-ins logged and accounts watched.

        The receivers import models, which exist only now.
        """
        app.set_default()
        security_log.connect()
        import_module("portal.accounts.receivers")
