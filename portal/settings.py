"""Settings of Greenroom, read once from the environment; `./greenroom` sets them from its options."""

import hashlib
import ipaddress
import os
import sys
import tempfile
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from portal.accounts.settings import *  # noqa: F403  each of its names is a setting
from sites import data_folder, keyring, log_lines
from sites.telemetry.collector import collector_of

BASE_DIR = Path(__file__).resolve().parent.parent


def env_int(name: str, default: int) -> int:
    """An integer of the environment; anything else is an error that names the variable."""
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not '{value[:40]}'.") from None


def env_bool(name: str, default: bool) -> bool:
    """A boolean of the environment: 1 or 0."""
    value = os.environ.get(name, "")
    if value not in ("", "0", "1"):
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not '{value}'.")
    return default if value == "" else value == "1"


def env_networks(name: str) -> list[str]:
    """Addresses and networks of the environment, separated by commas."""
    items = [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]
    for item in items:
        try:
            ipaddress.ip_network(item, strict=False)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must hold addresses or networks, not '{item}'.") from None
    return items


# Where everything lies
DATA_DIR = Path(os.environ.get("GREENROOM_DATA") or BASE_DIR / ".data").resolve()


def _run_dir() -> Path:
    """The folder of the sockets; a path of a unix socket holds 107 bytes, so a deep data folder needs a short one."""
    inside = DATA_DIR / "run"
    if len(str(inside)) <= 80:
        return inside
    digest = hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"greenroom-{os.getuid()}-{digest}"


RUN_DIR = _run_dir()
CONTENT_DIR = DATA_DIR / "content"
BUILD_DIR = DATA_DIR / "builds"
UPLOAD_DIR = DATA_DIR / "uploads"
CACHE_DIR = DATA_DIR / "cache"
TOOL_DIR = DATA_DIR / "tools"  # interpreters that projects ask for, shown to all sites
GIT_DIR = DATA_DIR / "git"
MOUNT_DIR = DATA_DIR / "mounts"
INSTANCE_DIR = DATA_DIR / "instances"
LOG_DIR = DATA_DIR / "logs"

data_folder.claim(DATA_DIR)
for _folder in (RUN_DIR, UPLOAD_DIR):
    _folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    data_folder.ensure_ours(_folder)

REDIS_SOCKET = RUN_DIR / "redis.sock"
FORK_SOCKET = RUN_DIR / "fork.sock"
AGENT_SOCKET = RUN_DIR / "agent.sock"
XDS_SOCKET = RUN_DIR / "xds.sock"
XDS_CONTROL_SOCKET = RUN_DIR / "xds-control.sock"
WEB_SOCKET = RUN_DIR / "web.sock"
GUARD_SOCKET = RUN_DIR / "guard.sock"
GUARD_CONTROL_SOCKET = RUN_DIR / "guard-control.sock"
ENVOY_ADMIN_SOCKET = RUN_DIR / "envoy-admin.sock"

# What visitors reach
PORT = env_int("GREENROOM_PORT", 8080)
LISTEN = [item for item in os.environ.get("GREENROOM_LISTEN", "127.0.0.1,::1").split(",") if item]
SUFFIX = os.environ.get("GREENROOM_SUFFIX", "localhost")
PORTAL_HOST = os.environ.get("GREENROOM_PORTAL_HOST") or ("localhost" if SUFFIX == "localhost" else f"portal.{SUFFIX}")
IS_LOCAL = PORTAL_HOST == "localhost"
PORTAL_URL = (os.environ.get("GREENROOM_PORTAL_URL") or f"http://{PORTAL_HOST}:{PORT}").rstrip("/")
ENVOY_PATH = os.environ.get("ENVOY_PATH", "")
XDS_LISTEN = os.environ.get("GREENROOM_XDS_LISTEN", "")
ROUTER_DIR = DATA_DIR / "routers"
ROUTER_AUTHORITY = DATA_DIR / "router-authority.json"
ROUTER_NODE = os.environ.get("GREENROOM_ROUTER_NODE", "router-1")
ISOLATION = os.environ.get("GREENROOM_ISOLATION", "")
READY_SECONDS = env_int("GREENROOM_READY_SECONDS", 60)

# TLS: where the router itself speaks it, and where visitors find it (a proxy in front of Greenroom may speak it)
TLS_PORT = env_int("GREENROOM_TLS_PORT", 0)
HTTPS_PORT = env_int("GREENROOM_HTTPS_PORT", TLS_PORT or (443 if PORTAL_URL.startswith("https://") else 0))
HTTP3 = env_bool("GREENROOM_HTTP3", False)
TLS_CERTIFICATE = os.environ.get("GREENROOM_TLS_CERTIFICATE", "")
TLS_KEY = os.environ.get("GREENROOM_TLS_KEY", "")
TLS_DIR = DATA_DIR / "tls"

# Proxies in front of it, and whether visitors reach every host name by their HTTPS
TRUSTED_PROXIES = env_networks("GREENROOM_TRUSTED_PROXIES")
PROXY_PROTOCOL = env_bool("GREENROOM_PROXY_PROTOCOL", False)
IS_BEHIND_TLS = bool(TRUSTED_PROXIES) and PORTAL_URL.startswith("https://")

# OpenTelemetry, by the variables of its specification: who takes traces and logs, if anybody
try:
    COLLECTOR = collector_of(os.environ)
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from None

# Custom domain names
DOMAIN_PROOF = env_bool("DOMAIN_PROOF", True)
DNS_RESOLVERS = [item.strip() for item in os.environ.get("GREENROOM_DNS_RESOLVERS", "").split(",") if item.strip()]

# Certificates that an authority issues automatically (ACME); off until its address is set
ACME_DIRECTORY = os.environ.get("ACME_DIRECTORY", "")
_own_names = os.environ.get("ACME_FOR", "" if IS_LOCAL or TLS_CERTIFICATE else "portal")
ACME_FOR = [item.strip() for item in _own_names.split(",") if item.strip()]
ACME_CONTACT = os.environ.get("ACME_CONTACT", "")
ACME_TRUST = os.environ.get("ACME_TRUST", "")
ACME_BINDING_ID = os.environ.get("ACME_BINDING_ID", "")
ACME_BINDING_KEY = os.environ.get("ACME_BINDING_KEY", "")
ACME_ORDERS = env_int("ACME_ORDERS", 200)
ACME_ORDERS_PER_SUBSCRIPTION = env_int("ACME_ORDERS_PER_SUBSCRIPTION", 20)
ACME_DNS_SERVER = os.environ.get("ACME_DNS_SERVER", "")
ACME_DNS_KEY_NAME = os.environ.get("ACME_DNS_KEY_NAME", "")
ACME_DNS_KEY = os.environ.get("ACME_DNS_KEY", "")
ACME_DNS_ALGORITHM = os.environ.get("ACME_DNS_ALGORITHM") or "hmac-sha256"
ACME_DNS_HOOK = os.environ.get("ACME_DNS_HOOK", "")
ACME_DNS_SECONDS = env_int("ACME_DNS_SECONDS", 30)

# What sites and builds reach, where they have a network of their own
INTERPRETER_DOWNLOADS = env_bool("GREENROOM_INTERPRETER_DOWNLOADS", default=True)
PRIVATE_NETWORKS = os.environ.get("GREENROOM_PRIVATE_NETWORKS") or "allow"
SOURCE_CONTROL_HTTP = env_bool("SOURCE_CONTROL_HTTP", default=False)
TRUST_HOSTS = [item.strip() for item in os.environ.get("TRUST_HOSTS", "").split(",") if item.strip()]
SOURCE_CONTROL_HOSTS = [item.strip() for item in os.environ.get("SOURCE_CONTROL_HOSTS", "").split(",") if item.strip()]
RESOURCE_HOSTS = [item.strip() for item in os.environ.get("RESOURCE_HOSTS", "").split(",") if item.strip()]
WEBHOOK_HOSTS = [item.strip() for item in os.environ.get("WEBHOOK_HOSTS", "").split(",") if item.strip()]
NAME_SERVERS = [item.strip() for item in os.environ.get("GREENROOM_NAME_SERVERS", "").split(",") if item.strip()]

# What an installation allows
STAGING_SLOTS_PER_SITE = env_int("STAGING_SLOTS_PER_SITE", 1)
AUTOSCALE_SECONDS = env_int("AUTOSCALE_SECONDS", 10)
AUTOSCALE_WINDOW_SECONDS = env_int("AUTOSCALE_WINDOW_SECONDS", 60)
PREVIEW_HOURS = env_int("PREVIEW_HOURS", 24)
ROLLBACK_MEMORY_MB = env_int("ROLLBACK_MEMORY_MB", 256)
DEFAULT_MODE = os.environ.get("DEFAULT_MODE", "standard")
MAX_UPLOAD = env_int("MAX_UPLOAD", 512 * 1024 * 1024)
MAX_UNPACKED = env_int("MAX_UNPACKED", 2 * 1024 * 1024 * 1024)
MAX_ENTRIES = env_int("MAX_ENTRIES", 100_000)
DISK_RESERVE = env_int("DISK_RESERVE", 1024**3)
SITE_CONTENT_BYTES = env_int("SITE_CONTENT_BYTES", 10 * 1024**3)
SITE_CONTENT_FILES = env_int("SITE_CONTENT_FILES", 1_000_000)
SITE_FOLDER_BYTES = env_int("SITE_FOLDER_BYTES", 10 * 1024**3)
SITE_FOLDER_FILES = env_int("SITE_FOLDER_FILES", 1_000_000)
KEPT_DEPLOYMENTS = env_int("KEPT_DEPLOYMENTS", 5)
SITES_MEMORY_MB = env_int("SITES_MEMORY_MB", 0)
MEMORY_OVERCOMMIT = env_int("MEMORY_OVERCOMMIT", 10)
UNLOAD_AFTER_MINUTES = env_int("UNLOAD_AFTER_MINUTES", 20)
UNLOAD_STAGING = env_bool("UNLOAD_STAGING", default=False)
SILENCE_SECONDS = env_int("SILENCE_SECONDS", 300)
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
SESSION_HOURS = env_int("SESSION_HOURS", 12)
SESSION_IDLE_MINUTES = env_int("SESSION_IDLE_MINUTES", 30)
SECOND_FACTOR = os.environ.get("SECOND_FACTOR", "optional")

# Backups on schedule
BACKUP_FOLDER = os.environ.get("BACKUP_FOLDER", "")
BACKUP_STORE = os.environ.get("BACKUP_STORE", "")
BACKUP_STORE_ENDPOINT = os.environ.get("BACKUP_STORE_ENDPOINT", "")
BACKUP_STORE_REGION = os.environ.get("BACKUP_STORE_REGION", "")
BACKUP_HOURS = env_int("BACKUP_HOURS", 24)
BACKUPS_KEPT = env_int("BACKUPS_KEPT", 7)
BACKUP_KEYS = env_bool("BACKUP_KEYS", False)

# Single sign-on by OpenID Connect
OIDC_ISSUER = os.environ.get("OIDC_ISSUER", "").rstrip("/")
OIDC_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = os.environ.get("OIDC_CLIENT_SECRET", "")
OIDC_NAME = os.environ.get("OIDC_NAME", "single sign-on")
OIDC_NEW_PEOPLE = env_bool("OIDC_NEW_PEOPLE", False)

# Mail
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env_bool("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM") or f"greenroom@{PORTAL_HOST}"

# Django
KEY_FILE = keyring.locate(os.environ, DATA_DIR)
SECRET_KEY, *SECRET_KEY_FALLBACKS = keyring.open_keys(KEY_FILE, DATA_DIR).signing_keys
ENCRYPTED_PLACES = {  # beside every EncryptedTextField
    "sessions": "portal.signing_keys.renew_sessions",
    "second factors": "portal.accounts.factors.renew_secrets",
    "authority of the routers": "sites.services.routers.renew_authority",
    "the authority's key": "sites.services.authority.renew_key",
}
DEBUG = env_bool("GREENROOM_DEBUG", False)
LEFT_OUT = os.environ.get("GREENROOM_LEFT_OUT", "")
ALLOWED_HOSTS = ["*"]  # Envoy routes known host names only; portal.middleware answers for the rest
ROOT_URLCONF = "portal.urls"
PUBLISHING_URLCONF = "sites.publishing.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

INSTALLED_APPS = [
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "portal",
    "sites",
    "tools",
    "django_htmx",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "portal.middleware.KeysMiddleware",
    "portal.middleware.NoStoreMiddleware",
    "portal.news.middleware.NewsMiddleware",
    "portal.middleware.HostMiddleware",
    "portal.middleware.ZeroByteMiddleware",
    "portal.middleware.CharsetMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.SessionMiddleware",
    "portal.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.RefusalMiddleware",
]

LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # Read anew for each page while somebody works on them
            "loaders": LOADERS if DEBUG else [("django.template.loaders.cached.Loader", LOADERS)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.frame",
            ],
        },
    },
]

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.bundles.BundledStorage"},
}

DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A deferred transaction that turns into a writer fails at once with "database is locked"
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA journal_size_limit=27103364;",
    }
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# Sites share the portal's suffix and could set cookies for it: a __Host- cookie is never taken from them.
# Browsers keep Secure cookies on plain HTTP for localhost only.
_is_secure = IS_LOCAL or PORTAL_URL.startswith("https://")
_cookie_prefix = "__Host-" if _is_secure else ""
SESSION_COOKIE_NAME = f"{_cookie_prefix}greenroom-session"
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
SESSION_COOKIE_SECURE = _is_secure
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{_cookie_prefix}greenroom-csrf"
CSRF_COOKIE_SECURE = _is_secure
CSRF_COOKIE_HTTPONLY = True  # scripts read the token in the page
CSRF_TRUSTED_ORIGINS = [f"http://{PORTAL_HOST}:{PORT}", PORTAL_URL]
BROWSER_COOKIE_NAME = f"{_cookie_prefix}greenroom-browser"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie of its own
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # the router says it, and lets nobody else say it
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "portal.views.errors.csrf_failure"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "site-list"
LOGOUT_REDIRECT_URL = "account_login"
AUTHENTICATION_BACKENDS = ["portal.accounts.backend.NameBackend"]
PASSWORD_RESET_TIMEOUT = 3600
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "portal.accounts.validators.OwnWordsValidator"},
]

# An account there is known by its issuer: another provider has other people under the same numbers
OIDC_PROVIDER = f"sso-{hashlib.sha256(OIDC_ISSUER.encode()).hexdigest()[:12]}"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": OIDC_PROVIDER,
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_ISSUER},
            }
        ],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # a page of some hundred settings has several fields for each
FILE_UPLOAD_TEMP_DIR = UPLOAD_DIR
FILE_UPLOAD_PERMISSIONS = 0o600  # also of the portal's static files
FILE_UPLOAD_HANDLERS = ["portal.uploads.NoFiles"]  # whoever waits for a file names a handler of its own

# Celery: the database alone can rebuild the queue, so messages are taken early and lost ones do not matter
CELERY_BROKER_URL = os.environ.get("REDIS_URL") or f"redis+socket://{REDIS_SOCKET}"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ROUTES = {
    "sites.tasks.tidy_contents": {"queue": "work"},
    "sites.tasks.sweep_leftovers": {"queue": "work"},
    "sites.tasks.keep_sites_loaded": {"queue": "work"},
    "sites.tasks.check_domains": {"queue": "work"},
    "sites.tasks.send_mail": {"queue": "work"},
    "sites.tasks.order_certificates": {"queue": "work"},
    "sites.tasks.ask_for_renewals": {"queue": "work"},
    "sites.tasks.*": {"queue": "control"},
}
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_TASK_TIME_LIMIT = 240  # no task waits for an application, or for anybody
CELERY_WORKER_LOST_WAIT = 1.0  # no result is waited for, so a killed process is noticed at once
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_DB_REUSE_MAX = sys.maxsize // 2  # connections age by CONN_MAX_AGE; one for each task would cost more than a tick
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "sites.ticks:TickScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = ""
CELERY_BEAT_SCHEDULE = {"tick": {"task": "sites.tasks.tick", "schedule": 1.0}}

# The adapters that touch the world; tests name the memory ones
ROUTER = os.environ.get("GREENROOM_ROUTER", "sites.router.envoy.EnvoyRouter")
RUNTIME = os.environ.get("GREENROOM_RUNTIME", "sites.runtime.process.ProcessRuntime")

LOGGING = log_lines.configuration(os.environ.get("GREENROOM_LOG_LEVEL", "INFO"))
