"""Every kind of operation, one per module; a new module is detected automatically."""

import importlib
import pkgutil
from collections.abc import Callable

from sites.models import Operation
from sites.operations.kind import OperationKind

__all__ = ["KINDS", "OperationKind", "kind_of", "names_where"]


def _found() -> dict[str, OperationKind]:
    kinds: dict[str, OperationKind] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, OperationKind):
                kinds[value.name] = value
    return kinds


KINDS = _found()
"""By their names in the database."""


def kind_of(operation: Operation) -> OperationKind:
    """What `operation` is."""
    return KINDS[operation.kind]


def names_where(condition: Callable[[OperationKind], bool]) -> list[str]:
    """Names of the kinds for which `condition` holds, for queries."""
    return [name for name, kind in KINDS.items() if condition(kind)]
