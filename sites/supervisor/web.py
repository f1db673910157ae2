"""Gunicorn's configuration: `gunicorn -c python:sites.supervisor.web portal.wsgi`, on a socket that `up` holds open."""

from typing import Any

from django.conf import settings

READY_FILE = settings.RUN_DIR / "web.ready"
"""Holds the pid of the server whose worker has loaded the portal."""

worker_class = "gthread"
workers = 2
threads = 8
umask = 0o077
timeout = 60
graceful_timeout = 10
keepalive = 3900  # longer than Envoy keeps an idle connection, so that only Envoy closes them
control_socket_disable = True
forwarded_allow_ips = "*"  # the socket lets Envoy in and nobody else
errorlog = "-"
_errors = {"handlers": ["stderr"], "propagate": False}
logconfig_dict = {**settings.LOGGING, "loggers": {"gunicorn.error": _errors}}


def post_worker_init(worker: Any) -> None:
    """Tell `up` which server is ready; the socket alone cannot, since it outlives its servers."""
    temporary = READY_FILE.with_suffix(f".{worker.pid}")
    temporary.write_text(str(worker.ppid))
    temporary.replace(READY_FILE)
