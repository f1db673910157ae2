"""Settings of the demonstration: users and sessions in DATA_DIR, a persistent folder, when there is one."""

import os
import tempfile
from pathlib import Path

DATA_DIR = os.environ.get("DATA_DIR", "")
VERSION = (Path(__file__).resolve().parent.parent / "VERSION").read_text().strip()
SLOT = os.environ.get("SLOT_MARK", "")
DEMO_USER = "ada"
DEMO_PASSWORD = "difference engine"  # noqa: S105  shown to everybody

# Both versions take each other's sessions; a real site would set its own key as an app setting
SECRET_KEY = os.environ.get("SECRET_KEY", "known to everybody, good for a demonstration only")
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "demo.urls"
WSGI_APPLICATION = "demo.wsgi.application"
INSTALLED_APPS = ["demo", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "demo.views.mark",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(DATA_DIR or tempfile.gettempdir()) / "demo.sqlite3",
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends." + ("db" if DATA_DIR else "signed_cookies")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
