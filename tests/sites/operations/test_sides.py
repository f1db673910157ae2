"""You can leave a production that crashes, hangs or never listened, and it takes no longer."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sites.jobs import reconcile
from sites.models import Operation, Revision, RevisionState, Slot, Step
from sites.models.clock import now
from sites.operations import sides
from sites.operations.steps import start
from sites.services import slots, swaps
from sites.services.restore import restore
from sites.services.rollback import request_roll_back
from sites.services.settings import Entry
from sites.services.sites import change_mode
from tests.domain import Domain
from tests.sites.operations.scenes import let_time_pass

Sicken = Callable[[Domain, Slot], None]


def crash(domain: Domain, slot: Slot) -> None:
    """Every process with its content ends again and again."""
    workload = slot.workload_id
    is_ill = lambda revision_id: Revision.objects.filter(pk=revision_id, workload=workload).exists()  # noqa: E731
    domain.runtime.ill = lambda revision_id: 137 if is_ill(revision_id) else None
    reconcile.run()


def hang(domain: Domain, slot: Slot) -> None:
    """It accepts connections and never answers."""
    workload = slot.workload_id

    def say(spec: object) -> str | None:
        is_ill = Revision.objects.filter(pk=spec.revision_id, workload=workload).exists()
        return f"no answer within {spec.seconds:.0f} s" if is_ill else "200"

    domain.runtime.answer = say


def never_listen(domain: Domain, slot: Slot) -> None:
    """Its processes run and do not listen."""
    workload = slot.workload_id
    domain.runtime.silent = lambda revision_id: Revision.objects.filter(pk=revision_id, workload=workload).exists()


ILLNESSES = [crash, hang, never_listen]


@pytest.fixture(params=ILLNESSES, ids=lambda illness: illness.__name__)
def sicken(request: pytest.FixtureRequest) -> Sicken:
    return request.param


@pytest.fixture(params=["reused", "sticky"])
def sick(request: pytest.FixtureRequest, domain: Domain, sicken: Sicken) -> tuple[Slot, Slot]:
    """A site whose production was swapped in and fails since; reused, or with instances of its own for each slot."""
    production, staging = domain.staged() if request.param == "reused" else domain.marked()
    assert domain.swap(staging, production).state == "succeeded"
    production, staging = (Slot.objects.select_related("site").get(pk=slot.pk) for slot in (production, staging))
    sicken(domain, production)
    return production, staging


def in_one_turn(domain: Domain, operation: Operation) -> Operation:
    """The operation, which has waited for nothing that is ill."""
    for _ in range(3):
        domain.look(operation)
    assert operation.state == "succeeded", f"{operation.step}: {operation.outcome}"
    return operation


def test_inside_the_window_it_is_rolled_back(domain: Domain, sick: tuple[Slot, Slot]) -> None:
    in_one_turn(domain, request_roll_back(acting_user=domain.alice, site=sick[0].site))
    assert domain.serves("contoso.localhost") == "one"
    assert domain.serves("contoso-staging.localhost") == "two"


def test_after_the_window_it_is_rolled_back(domain: Domain, sick: tuple[Slot, Slot]) -> None:
    Revision.objects.filter(state=RevisionState.RETAINED).update(state=RevisionState.STOPPED, retained_until=None)
    operation = in_one_turn(domain, request_roll_back(acting_user=domain.alice, site=sick[0].site))
    assert domain.serves("contoso.localhost") == "one"
    is_new = operation.changes.get(slot=sick[1]).revision_after_id != sick[0].live_revision_id
    assert ("Nobody waited for 'contoso (staging)' to answer" in operation.outcome) == is_new


def test_it_is_swapped_away(domain: Domain, sick: tuple[Slot, Slot]) -> None:
    production, staging = sick
    in_one_turn(domain, swaps.request_swap(acting_user=domain.alice, source=staging, target=production))
    assert domain.serves("contoso.localhost") == "one"


def test_something_else_is_published_to_it(domain: Domain, sick: tuple[Slot, Slot]) -> None:
    domain.runtime.recover()
    assert domain.publish(sick[0], "three").state == "succeeded"
    assert domain.serves("contoso.localhost") == "three"


def test_a_publication_is_swapped_in_for_it(domain: Domain, sick: tuple[Slot, Slot]) -> None:
    slots.change_swap_settings(acting_user=domain.alice, slot=sick[1], is_auto_swapped=True)
    in_one_turn(domain, domain.ask_to_publish(Slot.objects.get(pk=sick[1].pk), "three"))
    assert domain.serves("contoso.localhost") == "three"


def test_it_is_scaled(domain: Domain, sick: tuple[Slot, Slot]) -> None:
    operation = in_one_turn(domain, slots.scale(acting_user=domain.alice, slot=sick[0], count=3))
    assert "'contoso' has 3 instances now. Nobody waited for 'contoso' to answer" in operation.outcome
    assert {status.ordinal for status in domain.runtime.observe([sick[0].live_revision_id])} == {0, 1, 2}


def test_its_mode_is_changed(domain: Domain, sick: tuple[Slot, Slot]) -> None:
    counts = {sick[0].pk: 2}
    in_one_turn(domain, change_mode(acting_user=domain.alice, site=sick[0].site, mode="shared", counts=counts))


def test_what_is_ill_never_comes_into_production(domain: Domain, sicken: Sicken) -> None:
    production, staging = domain.marked()
    sicken(domain, staging)
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    domain.look(operation)
    Operation.objects.filter(pk=operation.pk).update(step_at=now() - timedelta(seconds=start.DEFAULT_SECONDS + 1))
    assert domain.work(operation).state == "failed"
    assert domain.serves("contoso.localhost") == "one"


def test_what_leaves_a_healthy_production_has_to_answer_in_staging(domain: Domain) -> None:
    production, staging = domain.marked()
    domain.runtime.exit_with(Revision.objects.latest("pk").pk + 1, 0, 3)
    domain.runtime.exit_with(Revision.objects.latest("pk").pk + 2, 0, 3)
    operation = domain.swap(staging, production)
    assert (operation.state, operation.error_code) == ("failed", "InstanceNotStarted")


def test_a_rolled_back_version_that_was_healthy_is_waited_for_but_not_required(domain: Domain) -> None:
    production, staging = domain.swapped()
    Revision.objects.filter(state=RevisionState.RETAINED).update(state=RevisionState.STOPPED, retained_until=None)
    operation = request_roll_back(acting_user=domain.alice, site=production.site)
    new = Revision.objects.filter(pk__gt=Revision.objects.latest("pk").pk, slot=staging)
    domain.runtime.ill = lambda revision_id: 3 if new.filter(pk=revision_id).exists() else None
    in_one_turn(domain, operation)
    assert "1 of 1 instance of 'contoso (staging)' not answering" in operation.outcome


def test_who_does_not_answer_a_reference_request_is_not_waited_for_for_long(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = domain.marked()
    domain.answers = {production.live_revision_id: None}
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    domain.look(operation)
    assert (operation.step, operation.is_open) == (Step.STARTING, True)
    (reference,) = [spec for spec in domain.runtime.probes.values() if "reference" in spec.probe_id]
    assert (reference.seconds, reference.round_seconds) == (sides.REFERENCE_SECONDS, sides.REFERENCE_SECONDS)
    assert reference.headers["X-Website-Hostname"] == "contoso.localhost"
    domain.answers = {production.live_revision_id: "no answer within 3 s"}
    in_one_turn(domain, operation)


def test_a_site_whose_application_does_not_start_any_more_can_be_restored(domain: Domain) -> None:
    production, staging = domain.staged()
    deletion = slots.delete_staging(acting_user=domain.alice, slot=staging)
    domain.work(deletion)
    let_time_pass(domain)
    domain.runtime.exit_with(Revision.objects.latest("pk").pk + 1, 0, 1)
    operation = in_one_turn(domain, restore(acting_user=domain.alice, operation=deletion))
    assert "1 of 1 instance of 'contoso (staging)' not answering: look into its log" in operation.outcome
    staging = production.site.slots.get(name="staging")
    assert (staging.is_running, staging.live_revision.state) == (True, RevisionState.SERVING)
    domain.save(staging, Entry("FIXED", "1"))
