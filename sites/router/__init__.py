"""The router: which instance answers which host name, and the adapters that tell it to a real proxy."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from sites.router.base import Router


@cache
def get_router() -> Router:
    """The installation's router, one per process, of the class that settings.ROUTER names."""
    router: Router = import_string(settings.ROUTER)()
    return router
