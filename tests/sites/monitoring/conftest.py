"""Instances that write at times of the test's choosing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from sites.logs.stamps import in_order
from sites.models.clock import now
from tests.domain import Domain

Write = Callable[..., datetime]


@pytest.fixture
def write(domain: Domain) -> Write:
    """Have an instance write a line, so many seconds from now."""

    def written(revision_id: int, text: str, *, ordinal: int = 0, seconds: float = 0.0) -> datetime:
        moment = now() + timedelta(seconds=seconds)
        domain.runtime.write_log(revision_id, ordinal, f"{in_order(moment)} {text}")
        return moment

    return written
