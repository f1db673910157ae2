"""Settings of the fast tests: a throw-away data folder and the adapters that live in memory."""

import os
import tempfile

os.environ.setdefault("GREENROOM_DATA", tempfile.mkdtemp(prefix="greenroom-test-"))
os.environ.setdefault("GREENROOM_ROUTER", "sites.router.memory.MemoryRouter")
os.environ.setdefault("GREENROOM_RUNTIME", "sites.runtime.memory.MemoryRuntime")

from portal.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CELERY_BROKER_URL = "memory://"
STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405  whitenoise warns when there is none
