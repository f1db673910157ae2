"""What is asked of which instances before a switch, and what becomes of who does not answer."""

import pytest

from sites.models import Operation, Revision, Step
from sites.runtime.spec import ProbeSpec
from sites.services import operations, slots, swaps
from sites.services.settings import Entry
from tests.domain import Domain


@pytest.fixture
def asked(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> list[ProbeSpec]:
    """Everything that is asked of instances, each once."""
    seen: list[ProbeSpec] = []
    probe = domain.runtime.probe

    def listen(specs: object, **values: float) -> object:
        wanted = list(specs)
        seen.extend(spec for spec in wanted if spec.probe_id not in {one.probe_id for one in seen})
        return probe(wanted, **values)

    monkeypatch.setattr(domain.runtime, "probe", listen)
    return seen


def request_swap(domain: Domain) -> Operation:
    production, staging = domain.staged()
    return swaps.request_swap(acting_user=domain.alice, source=staging, target=production)


def test_it_asks_as_a_visitor_of_the_slot_over_tls(domain: Domain, asked: list[ProbeSpec]) -> None:
    production, staging = domain.staged()
    rules = [Entry("paths", "/ /grüße?wer=ü"), Entry("statuses", "200, 204"), Entry("seconds", "7")]
    domain.save(staging, *rules, category="warmup")
    asked.clear()
    assert domain.swap(staging, production).state == "succeeded"
    (spec,) = asked
    assert spec.paths == ("/", "/gr%C3%BC%C3%9Fe?wer=%C3%BC")
    assert (spec.statuses, spec.seconds, spec.round_seconds) == (((200, 200), (204, 204)), 7.0, 100.0)
    assert spec.headers["Host"].startswith("contoso.localhost")
    assert spec.headers["X-Forwarded-Proto"] == "https"
    assert spec.headers["X-Website-Slot-Name"] == "Production"
    assert spec.headers["User-Agent"] == "SiteWarmup"


def test_nobody_waits_in_a_worker_for_an_answer(domain: Domain) -> None:
    operation = request_swap(domain)
    domain.answers = {operation.changes.get(slot__is_production=True).slot.pk: None}
    silent = Revision.objects.get(deployment__message="two").pk
    domain.answers = {silent: None}
    for _ in range(3):
        domain.look(operation)
        assert (operation.state, operation.step, operation.claimed_by) == ("running", Step.WARMING, "")
    domain.answers = {}
    assert domain.work(operation).state == "succeeded", operation.outcome


def test_cancelling_does_not_wait_for_an_answer_and_nobody_is_asked_any_more(domain: Domain) -> None:
    operation = request_swap(domain)
    domain.answers = {Revision.objects.get(deployment__message="two").pk: None}
    domain.look(operation)
    assert domain.runtime.probes
    operations.cancel(acting_user=domain.alice, operation=operation)
    assert domain.look(operation).state == "cancelled"
    assert domain.runtime.probes == {}


def test_each_try_is_a_request_of_its_own_and_one_that_was_sent_is_not_sent_again(
    domain: Domain, asked: list[ProbeSpec]
) -> None:
    operation = request_swap(domain)
    asked.clear()
    domain.answers = {Revision.objects.get(deployment__message="two").pk: "503"}
    assert domain.work(operation).state == "failed"
    assert "answered 503 to GET / 5 times" in operation.outcome
    assert len(asked) == 5


def test_a_preview_that_is_completed_asks_nobody_again_who_has_answered(domain: Domain, asked: list[ProbeSpec]) -> None:
    production, staging = domain.marked()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)
    domain.look(operation)
    asked.clear()
    swaps.complete_swap(acting_user=domain.alice, operation=operation)
    assert domain.work(operation).state == "succeeded", operation.outcome
    assert all("reference" in spec.probe_id for spec in asked)


def test_all_instances_of_a_revision_answer_at_the_address_of_their_slot(
    domain: Domain, asked: list[ProbeSpec]
) -> None:
    production, _staging = domain.staged()
    asked.clear()
    assert domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3)).state == "succeeded"
    hosts = {(spec.ordinal, spec.headers["X-Website-Hostname"]) for spec in asked if "reference" not in spec.probe_id}
    assert hosts == {(1, "contoso.localhost"), (2, "contoso.localhost")}
