"""The portal as a Django app."""

from django.apps import AppConfig

from portal.celery import app


class PortalConfig(AppConfig):
    """Label `portal`."""

    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Orders go to Greenroom's own queue, in whatever thread they are given."""
        app.set_default()
