"""Always On asks the instances that run, where they are now."""

import pytest

from sites.jobs import keep_loaded
from sites.models import Category, Instance
from sites.services.settings import Entry
from tests.domain import Domain


def test_instances_are_asked_where_the_runtime_says_that_they_run(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(keep_loaded, "ask", lambda *place: asked.append(place))
    production, staging = domain.staged()
    for slot in (production, staging):
        domain.save(slot, Entry("always_on", "on"), category=Category.GENERAL)
    Instance.objects.update(address="10.9.9.9")
    domain.runtime.never_listen(staging.live_revision_id, 0)
    (running,) = domain.runtime.observe([production.live_revision_id])
    keep_loaded.run()
    assert asked == [(running.address, running.port)]
