"""A program compares, swaps, previews and rolls back, and learns how it went."""

from sites.models import Operation, Scope, Slot
from sites.services.settings import Entry, read_settings
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of, program_of


def test_a_program_swaps_and_rolls_back(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    operation = domain.work(operation_of(program.post("/sites/contoso/swap")))
    assert domain.serves("contoso.localhost") == "two"
    shown = program.get(f"/operations/{operation.public_id}").json()
    assert (shown["kind"], shown["state"], shown["person"], shown["is_open"]) == ("swap", "succeeded", "alice", False)
    assert shown["swap"]["source"] == "staging" and shown["swap"]["switched_at"] and shown["seconds"] >= 0
    assert [step["step"] for step in shown["steps"]][-1] == "routes_acknowledged"
    offer = program.get("/sites/contoso/rollback").json()
    assert offer["swap"] == str(operation.public_id) and offer["deployment"]["message"] == "one"
    domain.work(operation_of(program.post("/sites/contoso/rollback", {"swap": offer["swap"]})))
    assert domain.serves("contoso.localhost") == "one"
    assert [one["kind"] for one in program.get("/sites/contoso/swaps").json()["items"]] == ["roll_back", "swap"]


def test_a_preview_waits_until_it_is_completed_or_cancelled(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    preview = operation_of(program.post("/sites/contoso/swap", {"preview": True}))
    for _ in range(9):
        domain.look(preview)
    assert program.get(f"/operations/{preview.public_id}").json()["state"] == "waiting"
    assert program.get("/sites/contoso/slots/staging").json()["operation"] == str(preview.public_id)
    pending = program.post("/sites/contoso/swap")
    assert (pending.status_code, pending.json()["code"]) == (409, "SwapPending")
    domain.work(operation_of(program.post(f"/operations/{preview.public_id}/complete")))
    assert domain.serves("contoso.localhost") == "two"
    again = operation_of(program.post("/sites/contoso/swap", {"preview": True}))
    domain.work(operation_of(program.post(f"/operations/{again.public_id}/cancel")))
    assert domain.serves("contoso.localhost") == "two"
    assert program.get(f"/operations/{again.public_id}").json()["state"] == "cancelled"


def test_a_swap_that_fails_says_why_with_the_last_lines(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    domain.answer_everything("500")
    operation = operation_of(program.post("/sites/contoso/slots/staging/restart"))
    domain.work(operation)
    shown = program.get(f"/operations/{operation.public_id}").json()
    assert (shown["state"], shown["code"]) == ("failed", "WarmupFailed")
    assert "instance 1 of 'contoso (staging)'" in shown["message"] and "\n" not in shown["message"]
    assert [step["is_failed"] for step in shown["steps"]][-1] is True


def test_a_comparison_names_what_a_swap_would_change(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    found = program.get("/sites/contoso/compare").json()
    assert (found["source"], found["target"], found["changed"]) == ("staging", "production", ["index.html"])
    assert found["source_deployment"]["message"] == "two"
    domain.create("alone")
    alone = program.get("/sites/alone/compare")
    assert (alone.status_code, alone.json()["code"]) == (409, "Refused")


def test_hidden_values_are_compared_in_the_open_only_by_an_administrator(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    domain.save(slots[1], Entry("KEY", "secret"))
    hidden = program.get("/sites/contoso/compare").json()["settings"]
    assert [(one["name"], one["source_value"]) for one in hidden] == [("KEY", None)]
    shown = program.get("/sites/contoso/compare?reveal=true").json()["settings"]
    assert [(one["name"], one["source_value"]) for one in shown] == [("KEY", "secret")]
    assert Operation.objects.filter(kind="reveal").count() == 1
    weak = program_of(domain.alice, Scope.READ)
    assert weak.get("/sites/contoso/compare?reveal=true").json()["code"] == "ScopeMissing"


def test_a_value_is_copied_between_the_slots(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    domain.save(slots[1], Entry("KEY", "secret"))
    body = {"from_slot": "staging", "category": "app_settings", "name": "KEY"}
    copied = program.post("/sites/contoso/slots/production/settings/copy", body)
    assert domain.work(operation_of(copied)).state == "succeeded"
    assert read_settings(slots[0], "app_settings") == [Entry("KEY", "secret")]
    again = program.post("/sites/contoso/slots/production/settings/copy", body)
    assert again.status_code == 409 and "is the same in" in again.json()["message"]


def test_a_value_is_copied_only_as_it_was_compared(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    address, body = (
        "/sites/contoso/slots/production/settings/copy",
        {"from_slot": "staging", "category": "app_settings"},
    )
    tag = program.get("/sites/contoso/compare")["ETag"]
    domain.save(slots[1], Entry("KEY", "secret"))
    refused = program.post(address, {**body, "name": "KEY"}, If_Match=tag)
    assert (refused.status_code, refused.json()["code"]) == (412, "PreconditionFailed")
    assert program.post(address, {**body, "name": "KEY"}, If_Match="garbage").status_code == 400
    assert read_settings(slots[0], "app_settings") == []
    tag = program.get("/sites/contoso/compare")["ETag"]
    asked = [program.post(address, {**body, "name": "KEY"}, If_Match=tag, Idempotency_Key="once") for _ in range(2)]
    assert operation_of(asked[0]) == operation_of(asked[1])


def test_a_roll_back_of_an_altered_staging_wants_the_version(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    domain.swap(slots[1], slots[0])
    slots[1].refresh_from_db()
    domain.publish(slots[1], "three")
    refused = program.post("/sites/contoso/rollback")
    assert refused.status_code == 409 and "'present'" in refused.json()["message"]
    domain.work(operation_of(program.post("/sites/contoso/rollback", {"version": "unaltered"})))
    assert domain.serves("contoso.localhost") == "one"


def test_who_may_swap_only_swaps_and_cancels_only_swaps(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    swapping = program_of(domain.alice, "swap")
    preview = operation_of(swapping.post("/sites/contoso/swap", {"preview": True}))
    assert swapping.post("/sites/contoso/slots/staging/stop").json()["code"] == "ScopeMissing"
    domain.work(operation_of(swapping.post(f"/operations/{preview.public_id}/cancel")))
    publication = domain.ask_to_publish(slots[1], "three")
    refused = swapping.post(f"/operations/{publication.public_id}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (403, "ScopeMissing")
    assert Operation.objects.get(pk=publication.pk).cancel_requested_at is None


def test_the_report_of_a_release_names_what_changed(domain: Domain, program: Program) -> None:
    production, staging = domain.staged()
    domain.swap(staging, production)
    newest, former, *_ = program.get("/sites/contoso/slots/production/releases").json()["items"]
    assert (newest["deployment"]["message"], newest["ended_at"]) == ("two", None)
    report = program.get(f"/sites/contoso/slots/production/releases/{newest['id']}").json()
    assert (report["other"]["id"], report["files"]["changed"]) == (former["id"], ["index.html"])
    assert report["operation"]["kind"] == "swap"
    beside = program.get(f"/sites/contoso/slots/production/releases/{former['id']}?with={newest['id']}").json()
    assert beside["other"]["id"] == newest["id"]
    assert program.get("/sites/contoso/slots/staging/releases/999999").status_code == 404
