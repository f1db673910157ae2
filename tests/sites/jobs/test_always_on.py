"""Instances that are to stay warm are asked in turn, and nobody waits for them."""

from datetime import UTC, datetime, timedelta

import pytest

from sites.jobs import always_on
from sites.services import slots
from sites.services.settings import Entry
from tests.domain import Domain


def test_each_instance_is_asked_once_in_ten_rounds(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    production, _staging = domain.staged()
    domain.save(production, Entry("always_on", "on"), category="general")
    assert domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3)).state == "succeeded"
    production.refresh_from_db()
    domain.runtime.probes.clear()
    begin = datetime(2026, 11, 27, tzinfo=UTC)
    for number in range(always_on.PARTS):
        moment = begin + timedelta(seconds=always_on.SECONDS * number)
        monkeypatch.setattr(always_on, "now", lambda moment=moment: moment)
        always_on.run()
    asked = list(domain.runtime.probes.values())
    assert sorted((spec.revision_id, spec.ordinal) for spec in asked) == [
        (production.live_revision_id, ordinal) for ordinal in range(3)
    ]
    assert {spec.headers["Host"] for spec in asked} == {"contoso.localhost"}
