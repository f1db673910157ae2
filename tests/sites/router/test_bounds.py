"""How the descriptors of a router are shared out."""

import resource
from unittest.mock import patch

import pytest

from sites.router.bounds import MAX_FILES, OWN_FILES, bounds, hard_limit


@pytest.mark.parametrize("files", [700, 1024, 4096, 20_000, 65_536, 524_288, 1_048_576])
def test_all_together_stay_below_the_limit(files: int) -> None:
    found = bounds(files)
    assert found.connections + 2 * (found.requests + found.requests_by_http3) + OWN_FILES <= max(files, OWN_FILES + 128)
    assert found.connections_of_cluster <= 2 * found.requests


@pytest.mark.parametrize("files", [1024, 20_000, 1_048_576])
def test_one_site_leaves_something_to_the_others(files: int) -> None:
    assert 0 < bounds(files).requests_of_cluster <= bounds(files).requests / 2


def test_the_hard_limit_counts_and_no_limit_is_a_number() -> None:
    with patch.object(resource, "getrlimit", return_value=(1024, 4096)):
        assert hard_limit() == 4096
    with patch.object(resource, "getrlimit", return_value=(1024, resource.RLIM_INFINITY)):
        assert hard_limit() == MAX_FILES
