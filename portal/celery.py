"""The Celery application; workers and beat are started with `celery -A portal`.

portal.apps loads it with Django, and not portal itself: `up` reads the settings, and does without both.
"""

import os

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("greenroom")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["sites"])


@task_prerun.connect
def look_after_connections(**_: object) -> None:
    """A task finds its worker's database connection as a request finds the web server's: alive, or made anew."""
    close_old_connections()
