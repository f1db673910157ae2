"""The domain as a Django app."""

from django.apps import AppConfig

from sites.checks import register_checks


class SitesConfig(AppConfig):
    """Label `sites`: django.contrib.sites would collide with it and stays out (see sites.checks)."""

    name = "sites"
    verbose_name = "Web sites"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Look at the settings with every check of Django's."""
        register_checks()
