"""Settings of the fast tests: a throw-away data folder for each process, and the adapters that live in memory."""

import atexit
import os
import shutil
import tempfile

os.environ["GREENROOM_DATA"] = tempfile.mkdtemp(prefix="greenroom-test-", dir=os.environ.get("GREENROOM_DATA"))
atexit.register(shutil.rmtree, os.environ["GREENROOM_DATA"], ignore_errors=True)
os.environ.setdefault("GREENROOM_ROUTER", "tests.fakes.router.MemoryRouter")
os.environ.setdefault("GREENROOM_RUNTIME", "tests.fakes.runtime.MemoryRuntime")

from portal.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CELERY_BROKER_URL = "memory://"
STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405  whitenoise warns when there is none
LOG_DIR.mkdir(mode=0o700)  # noqa: F405  as `up` prepares it
SITES_MEMORY_MB = 1_000_000  # whatever machine the tests run on
DISK_RESERVE = 0
