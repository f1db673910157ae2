"""What most fast tests begin with is made once in each process, and put back from memory for the others.

A site with both slots published takes some 700 queries. The first test that asks for it makes it by the services, and
what it left in the database and in the doubles is kept. Later tests get copies, with every time as if just made.
"""

import atexit
import copy
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, models, transaction

from sites.models import Operation, Site
from sites.models.clock import now
from sites.router import get_router
from sites.runtime.registry import get_runtime
from tests.fakes.router import MemoryRouter
from tests.fakes.runtime import MemoryRuntime

Keys = dict[type[models.Model], set[Any]]
Rows = dict[type[models.Model], list[dict[str, Any]]]
"""Model → the columns of each row."""
Counts = dict[str, int | None]
"""Sequence of PostgreSQL → the last number that it gave; None: none yet. Empty on SQLite, which counts by its rows."""


@dataclass(frozen=True)
class Prepared:
    """What a set-up left behind, and what was there before it."""

    before: Keys
    added: Rows
    runtime: dict[str, Any]
    router: dict[str, Any]
    counts: Counts
    contents: Path
    """A copy of the stored contents; a test may remove them, or have a data folder of its own."""
    made_at: datetime


WRITTEN_DOWN = (
    "KEY_FILE",
    "SUFFIX",
    "DATA_DIR",
    "CONTENT_DIR",
    "BUILD_DIR",
    "TOOL_DIR",
    "MOUNT_DIR",
    "CACHE_DIR",
    "LOG_DIR",
)
"""Settings that stand in what a set-up writes: a key for its secrets, host names, paths in what a revision runs."""
_kept: dict[tuple[str, ...], Prepared] = {}
"""By name, and by those settings."""
_first_counts: Counts = {}
"""As this process found them."""


def count_anew() -> None:
    """Give the rows of each test the same keys; PostgreSQL goes on counting when a test is rolled back.

    To be called before a test writes its first row.
    """
    if connection.vendor != "postgresql":
        return
    if not _first_counts:
        _first_counts.update(_counts())
    _count_from(_first_counts)


def prepare(name: str, build: Callable[[], object]) -> None:
    """Have what `build` makes, by `build` itself or from memory.

    Only a fresh installation is given what is remembered.
    """
    if not _is_fresh():
        build()
        return
    key = (name, *(str(getattr(settings, one)) for one in WRITTEN_DOWN))
    kept = _kept.get(key)
    if kept is not None and all(_keys(model) == keys for model, keys in kept.before.items()):
        _put_back(kept)
        return
    before = {model: _keys(model) for model in _models()}
    build()
    contents = Path(
        tempfile.mkdtemp(prefix="greenroom-prepared-")
    )  # not in the data folder, which live tests look through
    atexit.register(shutil.rmtree, contents, ignore_errors=True)
    shutil.copytree(settings.CONTENT_DIR, contents, dirs_exist_ok=True)
    _kept[key] = Prepared(
        before, _added(before), _state(get_runtime()), _state(get_router()), _counts(), contents, now()
    )


def _is_fresh() -> bool:
    """Whether nothing was done yet, and each double is as it was made."""
    if Site.objects.exists() or Operation.objects.exists():
        return False
    runtime, router = get_runtime(), get_router()
    is_ours = type(runtime) is MemoryRuntime and type(router) is MemoryRouter
    return is_ours and _state(runtime) == _state(MemoryRuntime()) and _state(router) == _state(MemoryRouter())


def _state(double: object) -> dict[str, Any]:
    return copy.deepcopy({name: value for name, value in vars(double).items() if name != "_load"})


def _models() -> list[type[models.Model]]:
    """Those of the domain, and its people; sessions and the like are each test's own."""
    return [*apps.get_app_config("sites").get_models(), User]


def _keys(model: type[models.Model]) -> set[Any]:
    return set(model._base_manager.values_list("pk", flat=True))


def _added(before: Keys) -> Rows:
    return {model: list(model._base_manager.exclude(pk__in=keys).values()) for model, keys in before.items()}


def _put_back(kept: Prepared) -> None:
    passed = now() - kept.made_at
    with transaction.atomic():
        for model, rows in kept.added.items():
            if rows:
                model._base_manager.bulk_create([model(**_later(row, passed)) for row in rows])
    _count_from(kept.counts)
    shutil.rmtree(settings.LOG_DIR / "deployments", ignore_errors=True)  # the last test's, of the same public ids
    settings.CONTENT_DIR.mkdir(parents=True, exist_ok=True)
    for kept_one in kept.contents.iterdir():
        target = settings.CONTENT_DIR / kept_one.name
        if not target.exists():
            (shutil.copytree if kept_one.is_dir() else shutil.copy2)(kept_one, target)
    vars(get_runtime()).update(copy.deepcopy(kept.runtime))
    vars(get_router()).update(copy.deepcopy(kept.router))


def _counts() -> Counts:
    if connection.vendor != "postgresql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()")
        return dict(cursor.fetchall())


def _count_from(counts: Counts) -> None:
    if counts:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(quote_ident(name)::regclass, coalesce(last, 1), last IS NOT NULL)"
                " FROM unnest(%s::text[], %s::bigint[]) AS counts (name, last)",
                [list(counts), list(counts.values())],
            )


def _later(row: dict[str, Any], passed: timedelta) -> dict[str, Any]:
    return {
        name: value + passed if isinstance(value, datetime) else copy.deepcopy(value) for name, value in row.items()
    }
