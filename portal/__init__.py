"""The Django project and the browser portal: it shows and asks, it decides nothing."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
