"""Conditions and requests that are sent twice: they hold under retries, callers at once and killed workers."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from sites.jobs import tidy
from sites.models import AccessToken, IdempotentRequest, Operation, Slot, SlotHold
from sites.services import conditions, idempotency, swaps
from sites.services.settings import Entry
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of, program_of

SWAP = "/sites/contoso/swap"
PRODUCTION = "/sites/contoso/production"


def deployment(slot: Slot) -> str:
    slot.refresh_from_db()
    return slot.workload.active_deployment.public_id.hex


def swaps_begun() -> int:
    return Operation.objects.filter(kind="swap").count()


# If-Match and if_staging


def test_a_pair_is_swapped_as_it_was_compared(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    tag = program.get("/sites/contoso/compare")["ETag"]
    domain.work(operation_of(program.post(SWAP, If_Match=tag)))
    assert domain.serves("contoso.localhost") == "two"
    again = program.post(SWAP, If_Match=tag)
    assert (again.status_code, again.json()["code"]) == (412, "PreconditionFailed")
    assert domain.serves("contoso.localhost") == "two"


@pytest.mark.parametrize("change", ["content", "setting of staging", "secret of production", "swap setting"])
def test_whatever_a_swap_would_do_otherwise_ends_the_condition(
    domain: Domain, program: Program, slots: tuple[Slot, Slot], change: str
) -> None:
    production, staging = slots
    tag = program.get("/sites/contoso/compare")["ETag"]
    if change == "content":
        domain.publish(staging, "three")
    elif change == "swap setting":
        program.patch("/sites/contoso/slots/production/settings", {"swaps": {"rollback_window_seconds": 1}})
    else:
        domain.save(production if "production" in change else staging, Entry("KEY", "value", is_sticky=True))
    refused = program.post(SWAP, If_Match=tag)
    assert refused.status_code == 412 and swaps_begun() == 0 and not SlotHold.objects.exists()


def test_a_restart_leaves_the_condition_as_it_is(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    tag = program.get("/sites/contoso/compare")["ETag"]
    domain.work(operation_of(program.post("/sites/contoso/slots/staging/restart")))
    assert program.get("/sites/contoso/compare")["ETag"] == tag
    assert program.post(SWAP, If_Match=tag).status_code == 202


@pytest.mark.parametrize("tag", ["abc", '"abc"', "*", 'W/"' + "0" * 64 + '"', '"' + "0" * 64 + '", "1"'])
def test_what_is_no_tag_of_ours_is_refused(program: Program, slots: tuple[Slot, Slot], tag: str) -> None:
    refused = program.post(SWAP, If_Match=tag)
    assert (refused.status_code, refused.json()["code"]) == (400, "RequestRefused")


def test_a_swap_can_want_a_deployment_in_staging(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    one, two = map(deployment, slots)
    refused = program.post(SWAP, {"if_staging": one})
    assert refused.status_code == 412 and two in refused.json()["message"] and swaps_begun() == 0
    domain.work(operation_of(program.post(SWAP, {"if_staging": two})))
    assert program.post(SWAP, {"if_staging": two}).status_code == 412


def test_a_condition_is_asked_when_both_slots_are_held(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    held = []

    def look(source: Slot, target: Slot) -> None:
        held.extend(SlotHold.objects.filter(slot__in=[source, target]))

    swaps.request_swap(acting_user=domain.alice, source=slots[1], target=slots[0], only_if=look)
    assert len(held) == 2


# What production should serve


def test_production_is_made_to_serve_what_staging_has_and_then_has_it_already(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    one, two = map(deployment, slots)
    body = {"deployment": two}
    operation = operation_of(program.put(PRODUCTION, body))
    assert operation_of(program.put(PRODUCTION, body)) == operation  # a retry while it goes on
    domain.work(operation)
    already = program.put(PRODUCTION, body)
    assert (already.status_code, already.json()) == (200, {"state": "already", "deployment": two})
    assert domain.serves("contoso.localhost") == "two" and swaps_begun() == 1
    domain.work(operation_of(program.put(PRODUCTION, {"deployment": one})))
    assert domain.serves("contoso.localhost") == "one"


def test_what_no_slot_has_is_refused_with_what_they_have(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    one, two = map(deployment, slots)
    refused = program.put(PRODUCTION, {"deployment": str(uuid.uuid4())})
    assert (refused.status_code, refused.json()["code"]) == (409, "DeploymentElsewhere")
    assert one in refused.json()["message"] and two in refused.json()["message"]


def test_production_that_is_about_to_be_replaced_is_not_called_right(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    one, two = map(deployment, slots)
    operation_of(program.put(PRODUCTION, {"deployment": two}))
    refused = program.put(PRODUCTION, {"deployment": one})
    assert refused.status_code == 409 and "is about to replace it" in refused.json()["message"]


def test_a_restart_of_what_production_should_serve_is_no_reason_to_wait(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    operation_of(program.post("/sites/contoso/slots/production/restart"))
    assert program.put(PRODUCTION, {"deployment": deployment(slots[0])}).status_code == 200


def test_a_preview_of_it_waits_for_a_decision(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    preview = operation_of(program.post(SWAP, {"preview": True}))
    while domain.look(preview).state != "waiting":
        pass
    refused = program.put(PRODUCTION, {"deployment": deployment(slots[1])})
    assert (refused.status_code, refused.json()["code"]) == (409, "SwapPending")


def test_of_two_callers_at_once_both_get_the_same_operation(
    domain: Domain, program: Program, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one looks before the first has begun, and asks after it."""
    two = slots[1].workload.active_deployment.public_id
    begun: list[Operation] = []
    request_swap = swaps.request_swap

    def overtaken(**asked: object) -> Operation:
        if not begun:
            begun.append(request_swap(acting_user=domain.alice, source=slots[1], target=slots[0]))
        return request_swap(**asked)

    monkeypatch.setattr(swaps, "request_swap", overtaken)
    found = conditions.serve_in_production(acting_user=domain.alice, site=slots[0].site, deployment=two)
    assert [found] == begun and swaps_begun() == 1


# Idempotency-Key


def test_a_request_with_a_key_is_done_once(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    first = program.post(SWAP, Idempotency_Key="release-1")
    second = program.post(SWAP, Idempotency_Key="release-1")
    assert operation_of(first) == operation_of(second) and swaps_begun() == 1
    assert "Idempotency-Replayed" not in first and second["Idempotency-Replayed"] == "true"
    domain.work(operation_of(first))
    third = program.post(SWAP, Idempotency_Key="release-1")
    assert third.json()["state"] == "succeeded" and swaps_begun() == 1
    assert operation_of(program.post(SWAP, Idempotency_Key="release-2")) != operation_of(first)


def test_a_key_with_another_request_is_refused(program: Program, slots: tuple[Slot, Slot]) -> None:
    operation_of(program.post(SWAP, Idempotency_Key="release-1"))
    others = [
        program.post(SWAP, {"preview": True}, Idempotency_Key="release-1"),
        program.post("/sites/contoso/rollback", Idempotency_Key="release-1"),
        program.post(SWAP, If_Match='"' + "0" * 64 + '"', Idempotency_Key="release-1"),
    ]
    assert {(one.status_code, one.json()["code"]) for one in others} == {(422, "KeyReused")}


def test_a_refusal_is_not_remembered(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    domain.work(operation_of(program.post("/sites/contoso/slots/staging/stop")))
    assert program.post(SWAP, Idempotency_Key="release-1").json()["code"] == "SlotStopped"
    assert not IdempotentRequest.objects.exists()
    domain.work(operation_of(program.post("/sites/contoso/slots/staging/start")))
    assert program.post(SWAP, Idempotency_Key="release-1").status_code == 202


def test_each_token_has_keys_of_its_own(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    operation_of(program.post(SWAP, Idempotency_Key="release-1"))
    for other in (program_of(domain.alice, "swap"), program_of(domain.charlie)):
        assert other.post(SWAP, Idempotency_Key="release-1").status_code in (404, 409)
    domain.subscription.memberships.filter(user=domain.alice).delete()
    Operation.objects.update(actor=None)
    assert program.post(SWAP, Idempotency_Key="release-1").status_code == 404


def test_what_is_deleted_is_deleted_once(domain: Domain, program: Program) -> None:
    domain.create()
    path = "/sites/contoso?typed_name=contoso"
    operation = domain.look(operation_of(program.delete(path, Idempotency_Key="gone")))
    domain.settle()
    domain.work(operation)
    assert program.get("/sites/contoso").status_code == 404
    assert operation_of(program.delete(path, Idempotency_Key="gone")) == operation


@pytest.mark.parametrize("key", ["", "x" * 256, "\x7f", "é"])
def test_what_is_no_key_is_refused(program: Program, slots: tuple[Slot, Slot], key: str) -> None:
    refused = program.post(SWAP, Idempotency_Key=key)
    assert (refused.status_code, refused.json()["code"]) == (400, "RequestRefused") and swaps_begun() == 0


def test_keys_are_forgotten_after_a_day_and_are_bounded(
    program: Program, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_KEYS", 1)
    operation_of(program.post(SWAP, Idempotency_Key="release-1"))
    refused = program.post(SWAP, Idempotency_Key="release-2")
    assert (refused.status_code, refused.json()["code"]) == (429, "TooManyKeys")
    assert program.post(SWAP, Idempotency_Key="release-1").status_code == 202
    IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=idempotency.HOURS, seconds=1))
    assert program.post(SWAP, Idempotency_Key="release-2").json()["code"] == "SlotBusy"
    assert not IdempotentRequest.objects.exists()


def test_keys_of_a_token_that_is_used_no_more_are_removed(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    operation_of(program.post(SWAP, Idempotency_Key="release-1"))
    tidy.run()
    assert IdempotentRequest.objects.count() == 1
    IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    tidy.run()
    assert not IdempotentRequest.objects.exists()


def test_a_worker_that_is_killed_leaves_the_operation_with_its_key_or_neither(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    token = AccessToken.objects.get(user=program_of(domain.alice) and domain.alice)

    def killed() -> Operation:
        swaps.request_swap(acting_user=domain.alice, source=slots[1], target=slots[0])
        raise SystemExit

    with pytest.raises(SystemExit):
        idempotency.once(token=token, key="release-1", request="swap", do=killed)
    assert swaps_begun() == 0 and not SlotHold.objects.exists() and not IdempotentRequest.objects.exists()


def test_the_second_of_two_at_once_gets_the_operation_of_the_first(
    domain: Domain, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks before the first has committed: what it does then is refused, and it looks again."""
    token = AccessToken.objects.get(user=program_of(domain.alice) and domain.alice)

    def swap() -> Operation:
        return swaps.request_swap(acting_user=domain.alice, source=slots[1], target=slots[0])

    first, _ = idempotency.once(token=token, key="release-1", request="swap", do=swap)
    find, looks = idempotency._find, []

    def too_early(*asked: object) -> IdempotentRequest | None:
        looks.append(asked)
        return None if len(looks) == 1 else find(*asked)

    monkeypatch.setattr(idempotency, "_find", too_early)
    assert idempotency.once(token=token, key="release-1", request="swap", do=swap) == (first, True)
    assert swaps_begun() == 1
