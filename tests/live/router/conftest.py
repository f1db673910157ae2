"""A router of real processes, with one site of two revisions."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.router.table import Cluster
from tests.live.router.rig import Rig, hosts, rig_in


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: that of a unix socket is limited."""
    with tempfile.TemporaryDirectory(prefix="gr-") as name:
        yield Path(name)


@pytest.fixture
def rig(folder: Path) -> Iterator[Rig]:
    """Nothing started yet but the web servers."""
    with rig_in(folder) as rig:
        yield rig


@pytest.fixture
def clusters(rig: Rig) -> list[Cluster]:
    """Two revisions, A and B; the site's table leads production to A and staging to B."""
    clusters = [Cluster("r-1", (rig.backends.add("A"),)), Cluster("r-2", (rig.backends.add("B"),))]
    rig.commit(hosts("r-1", "r-2"), clusters)
    return clusters


@pytest.fixture
def running(rig: Rig, clusters: list[Cluster]) -> Rig:
    """The site is being served."""
    rig.start_xds()
    rig.start_envoy()
    return rig
