"""The commands demo, bench and screenshots as a Django app, so that `manage.py` finds them."""

from django.apps import AppConfig


class ToolsConfig(AppConfig):
    """Has no models and no pages."""

    name = "tools"
    verbose_name = "Tools"
