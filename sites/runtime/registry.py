"""The runtime that this installation uses."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from sites.runtime.base import Runtime


@cache
def get_runtime() -> Runtime:
    """One adapter per process, named by settings.RUNTIME; `get_runtime.cache_clear()` forgets it."""
    runtime: Runtime = import_string(settings.RUNTIME)()
    return runtime
