"""What the server calls."""

import os

from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")
application = get_wsgi_application()

if not settings.DATA_DIR:
    # Without a persistent folder the release command's database is not there: every instance makes its own
    call_command("prepare", verbosity=0)
