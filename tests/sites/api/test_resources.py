"""What a program reads and changes is what its person sees in the portal."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sites.jobs import autoscale
from sites.models import Category, Operation, Site, Slot
from sites.services.settings import Entry
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of, program_of

STAGING = "/sites/contoso/slots/staging"


def test_a_program_learns_for_whom_it_acts(domain: Domain, program: Program) -> None:
    answer = program.get("/me").json()
    assert (answer["person"], answer["scopes"], answer["site"]) == ("alice", ["administer"], None)


def test_a_site_is_created_looked_at_and_deleted(domain: Domain, program: Program) -> None:
    operation = domain.work(operation_of(program.post("/sites", {"name": "fabrikam"})))
    assert (operation.state, operation.actor_name) == ("succeeded", "alice")
    site = program.get("/sites/fabrikam").json()
    assert [slot["name"] for slot in site["slots"]] == ["production"]
    assert site["slots"][0]["addresses"] == ["http://fabrikam.localhost:8080/"]
    refused = program.delete("/sites/fabrikam")
    assert (refused.status_code, refused.json()["code"]) == (400, "WrongNameTyped")
    deletion = domain.look(operation_of(program.delete("/sites/fabrikam?typed_name=fabrikam")))
    domain.settle()
    domain.work(deletion)
    assert program.get("/sites/fabrikam").status_code == 404
    restored = domain.work(operation_of(program.post(f"/operations/{deletion.public_id}/restore")))
    assert restored.state == "succeeded" and program.get("/sites/fabrikam").status_code == 200


def test_sites_come_in_pages_by_name(domain: Domain, program: Program) -> None:
    Site.objects.bulk_create(Site(subscription=domain.subscription, name=f"site-{n:02}") for n in range(7))
    first = program.get("/sites?per_page=3").json()
    last = program.get("/sites?per_page=3&page=3").json()
    assert [one["name"] for one in first["items"]] == ["site-00", "site-01", "site-02"]
    assert (first["pages"], first["total"]) == (3, 7) and [one["name"] for one in last["items"]] == ["site-06"]
    assert program.get("/sites?per_page=3&page=4").json()["items"] == []


def test_a_list_takes_the_same_number_of_queries_whatever_its_length(domain: Domain, program: Program) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert program.get("/sites?per_page=100").status_code == 200
        return len(caught)

    domain.staged("first")
    queries()  # notes the first use of the token
    few = queries()
    for number in range(4):
        domain.create(f"more-{number}")
    domain.staged("second")
    assert queries() == few


def test_the_operation_logs_take_the_same_number_of_queries_whatever_their_length(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    def queries(length: int) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert len(program.get(f"/operations?per_page={length}").json()["items"]) == length
        return len(caught)

    domain.swap(slots[1], slots[0])
    queries(1)  # notes the first use of the token
    assert queries(1) == queries(5)


def test_staged_publishing_is_enabled_and_the_slot_deleted(domain: Domain, program: Program) -> None:
    domain.create()
    domain.work(operation_of(program.post("/sites/contoso/slots", {"is_cloned": False})))
    assert program.get(STAGING).json()["title"] == "contoso (staging)"
    domain.work(operation_of(program.delete(STAGING)))
    assert program.get(STAGING).status_code == 404
    refused = program.delete("/sites/contoso/slots/production")
    assert refused.status_code == 409 and program.get("/sites/contoso").status_code == 200


def test_a_slot_is_scaled_stopped_started_and_restarted(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    domain.work(operation_of(program.put(f"{STAGING}/instances", {"instances": 3})))
    assert program.get(STAGING).json()["instances"] == 3
    domain.work(operation_of(program.post(f"{STAGING}/stop")))
    assert program.get(STAGING).json()["is_running"] is False
    domain.work(operation_of(program.post(f"{STAGING}/start")))
    domain.work(operation_of(program.post(f"{STAGING}/restart")))
    assert program.get(STAGING).json()["is_running"] is True


def test_the_mode_is_changed_with_instance_counts_by_slot(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    body = {"mode": "shared", "instances": {"staging": 2}}
    domain.work(operation_of(program.put("/sites/contoso/mode", body)))
    assert program.get("/sites/contoso").json()["mode"] == "shared"
    assert program.get(STAGING).json()["instances"] == 2
    strange = program.put("/sites/contoso/mode", {"mode": "shared", "instances": {"nowhere": 2}})
    assert strange.status_code == 400 and "has no slot 'nowhere'" in strange.json()["message"]


def test_the_size_is_changed_and_shown_with_what_it_takes(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    body = {"size": "own", "cpu_percent": 50, "memory_mb": 256, "instances": {"production": 2}}
    domain.work(operation_of(program.put("/sites/contoso/size", body)))
    shown = program.get("/sites/contoso/scale").json()
    assert (shown["mode"], shown["size"]) == ("standard", {"name": "own", "cpu_percent": 50, "memory_mb": 256})
    assert shown["instances"] == {"production": 2, "staging": 1} and shown["most"] == 10
    assert (shown["cost"]["memory_mb"], shown["cost"]["cores"]) == (768, 1.5)
    refused = program.put("/sites/contoso/size", {"size": "huge"})
    assert refused.status_code == 400
    unfit = program.put("/sites/contoso/size", {"size": "own", "cpu_percent": 6400})
    assert (unfit.status_code, unfit.json()["code"]) == (409, "InstanceSizeRefused")


def test_a_rule_of_autoscale_is_saved_and_shown_with_its_decisions(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    address = "/sites/contoso/slots/production/autoscale"
    assert program.get(address).json()["rule"]["is_on"] is False
    rule = {"is_on": True, "metric": "none", "ranges": {"always": {"least": 2, "most": 2}}}
    assert program.put(address, rule).status_code == 202
    domain.work(autoscale.run()[0])
    shown = program.get(address).json()
    assert shown["rule"]["ranges"]["night"] == {"least": 2, "most": 2} and shown["note"] == ""
    assert [one["outcome"] for one in shown["decisions"]] == [
        "'contoso' has 2 instances now, before 1: the minimum is 2."
    ]
    refused = program.put(f"{STAGING}/autoscale", rule)
    assert refused.json()["code"] == "AutoscaleRefused"
    assert "not available for non-production slots" in refused.json()["message"]


def test_deployments_are_listed_with_their_log(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    listed = program.get(f"{STAGING}/deployments").json()["items"]
    assert [(one["message"], one["is_in_force"]) for one in listed] == [("two", True)]
    assert program.get(f"/sites/contoso/deployments/{listed[0]['id']}").json() == listed[0]
    log = program.get(f"/sites/contoso/deployments/{listed[0]['id']}/log")
    assert (log.status_code, log["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert program.get(f"/sites/contoso/deployments/{uuid.uuid4()}").status_code == 404


def test_secrets_are_shown_only_when_asked_for_and_that_is_recorded(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    domain.save(slots[1], Entry("KEY", "hush-hush", is_sticky=True))
    hidden = program.get(f"{STAGING}/settings")
    assert b"hush-hush" not in hidden.content and not Operation.objects.filter(kind="reveal").exists()
    assert hidden.json()["entries"]["app_settings"] == [{"name": "KEY", "value": None, "type": "", "is_sticky": True}]
    shown = program.get(f"{STAGING}/settings?reveal=true").json()
    assert shown["entries"]["app_settings"][0]["value"] == "hush-hush"
    assert program.get(f"{STAGING}/credentials").json()["password"] is None
    revealed = program.get(f"{STAGING}/credentials?reveal=true").json()
    assert revealed["password"] == slots[1].publishing_password
    assert Operation.objects.filter(kind="reveal", actor_name="alice").count() == 2
    looking = program_of(domain.alice, "read", "publish", "swap")
    for path in ("settings", "credentials"):
        assert looking.get(f"{STAGING}/{path}?reveal=true").json()["code"] == "ScopeMissing"


def test_settings_are_changed_entry_by_entry(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    domain.save(slots[1], Entry("KEPT", "secret"), Entry("GONE", "x"), Entry("MARKED", "y"))
    body = {
        "app_settings": {"NEW": "1", "GONE": None, "MARKED": {"is_sticky": True}},
        "connection_strings": {"DB": {"value": "host=db", "type": "PostgreSQL"}},
        "default_documents": ["index.html"],
        "warmup": {"paths": "/ready"},
        "mounts": {"data": "/data"},
        "swaps": {"drain_limit_seconds": 7},
    }
    assert domain.work(operation_of(program.patch(f"{STAGING}/settings", body))).state == "succeeded"
    found = program.get(f"{STAGING}/settings?reveal=true").json()
    entries = {one["name"]: (one["value"], one["is_sticky"]) for one in found["entries"]["app_settings"]}
    assert entries == {"KEPT": ("secret", False), "MARKED": ("y", True), "NEW": ("1", False)}
    assert found["entries"]["connection_strings"][0]["type"] == "PostgreSQL"
    assert found["entries"]["mounts"][0]["is_sticky"] is True
    assert found["swaps"]["drain_limit_seconds"] == 7 and found["is_in_force"] is True


def test_a_change_of_settings_that_changes_nothing_starts_nothing(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    domain.save(slots[1], Entry("KEY", "value"))
    count = Operation.objects.count()
    answer = program.patch(f"{STAGING}/settings", {"app_settings": {"KEY": "value", "NEVER": None}})
    assert answer.status_code == 200 and Operation.objects.count() == count
    only_swaps = operation_of(program.patch(f"{STAGING}/settings", {"swaps": {"is_auto_swapped": True}}))
    assert only_swaps.state == "succeeded" and program.get(STAGING).json()["is_auto_swapped"] is True


def test_settings_that_somebody_changed_meanwhile_are_left_alone(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    tag = program.get(f"{STAGING}/settings")["ETag"]
    domain.save(slots[1], Entry("BY", "somebody"))
    body = {"app_settings": {"MINE": "1"}}
    refused = program.patch(f"{STAGING}/settings", body, If_Match=tag)
    assert (refused.status_code, refused.json()["code"]) == (412, "PreconditionFailed")
    tag = program.get(f"{STAGING}/settings")["ETag"]
    domain.work(operation_of(program.patch(f"{STAGING}/settings", body, If_Match=tag)))
    assert slots[1].workload.settings.filter(category=Category.APP_SETTINGS).count() == 2


def test_a_change_of_settings_with_a_key_is_done_once(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    tag = program.get(f"{STAGING}/settings")["ETag"]
    body = {"app_settings": {"MINE": "1"}}
    for number, condition in enumerate([{"If_Match": tag}, {}]):
        body["app_settings"][f"KEY_{number}"] = "1"
        first, second = (
            program.patch(f"{STAGING}/settings", body, Idempotency_Key=f"change-{number}", **condition)
            for _ in range(2)
        )
        assert operation_of(first) == operation_of(second) and second["Idempotency-Replayed"] == "true"
        domain.work(operation_of(first))
    nothing = program.patch(f"{STAGING}/settings", body, Idempotency_Key="change-2")
    assert nothing.status_code == 200 and nothing["ETag"] == program.get(f"{STAGING}/settings")["ETag"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"app_settings": {"NEW": {"is_sticky": True}}}, "'NEW' cannot be saved: it is new and has no value"),
        ({"app_settings": {"A=B": "x"}}, "'A=B' cannot be saved"),
        ({"app_setting": {"KEY": "x"}}, "app_setting"),
        ({"swaps": {"drain_limit_seconds": 10**9}}, "drain_limit_seconds"),
    ],
)
def test_settings_that_cannot_be_taken_are_refused_whole(
    domain: Domain, program: Program, slots: tuple[Slot, Slot], body: dict, says: str
) -> None:
    count = Operation.objects.count()
    refused = program.patch(f"{STAGING}/settings", body)
    assert refused.status_code == 400 and says in refused.json()["message"]
    assert Operation.objects.count() == count


def test_everything_that_cannot_be_taken_is_listed_with_its_place(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    body = {
        "general": {"start_seconds": "soon"},
        "app_settings": {"A/B": "x", "NEW": {"is_sticky": True}, "GOOD": "1"},
        "monitoring": {"endpoint_1": "ftp://example.org/"},
        "default_documents": ["index.html", "a/b"],
    }
    refused = program.patch(f"{STAGING}/settings", body).json()
    assert refused["code"] == "SettingRefused" and refused["message"].startswith("5 values cannot be saved. ")
    found = {one["pointer"]: (one["caption"], one["message"]) for one in refused["errors"]}
    assert found["/general/start_seconds"] == ("Time to start", "'soon' is not a whole number from 1 to 1800.")
    assert found["/app_settings/A~1B"][0] == "App setting 'A/B'"
    assert found["/app_settings/NEW"] == ("App setting 'NEW'", "It is new and has no value; send one with it.")
    assert found["/monitoring/endpoint_1"][0] == "Web endpoint 1"
    assert found["/default_documents/1"][0] == "Default document 'a/b'" and len(found) == 5
    assert all(caption in refused["message"] for caption, _ in found.values())


def test_what_does_not_fit_the_description_is_listed_with_its_place(program: Program, slots: tuple[Slot, Slot]) -> None:
    body = {"swaps": {"drain_limit_seconds": -1}, "app_setting": {}}
    errors = program.patch(f"{STAGING}/settings", body).json()["errors"]
    assert {one["pointer"] for one in errors} == {"/swaps/drain_limit_seconds", "/app_setting"}
    wrong = {"app_settings": {"A": 5, "B": "x"}, "connection_strings": {"DB": {"value": "x", "kind": "x"}}}
    refused = program.patch(f"{STAGING}/settings", wrong).json()
    assert {one["pointer"]: (one["caption"], one["message"]) for one in refused["errors"]} == {
        "/app_settings/A": ("A", "Input should be an object or a valid string."),
        "/connection_strings/DB/kind": ("kind", "Extra inputs are not permitted."),
    }
    assert "app_settings.A: Input should be an object or a valid string" in refused["message"]
    assert "[" not in refused["message"] and len(refused["errors"]) == 2
    (missing,) = program.put("/sites/contoso/production", {}).json()["errors"]
    assert missing["pointer"] == "/deployment"
    (error,) = program.get("/sites?per_page=1000").json()["errors"]
    assert error["parameter"] == "per_page" and "pointer" not in error


def test_publishing_credentials_are_replaced(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    former = slots[1].publishing_password
    operation_of(program.post(f"{STAGING}/credentials/reset"))
    slots[1].refresh_from_db()
    assert slots[1].publishing_password != former


def test_operations_are_listed_as_in_the_logs(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    listed = program.get("/operations?site=contoso&state=succeeded").json()
    assert listed["total"] == Operation.objects.count() and listed["items"][0]["title"] == "Publication"
    assert program.get("/operations?site=contoso&state=failed").json()["total"] == 0
