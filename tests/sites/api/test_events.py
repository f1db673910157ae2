"""What happens, as programs read it, and the targets that they have told of it."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from pytest_django import Settings

from sites.events import order
from sites.jobs import deliveries
from sites.models import Delivery, DeliveryState, EventTarget, Membership, Operation, Role, Slot, Subscription
from sites.services.event_targets import MAX_TARGETS
from tests.domain import Domain
from tests.fakes.receiver import receiver
from tests.sites.api.program import Program, program_of

URL = "https://hooks.example.org/secret/path?key=hidden"
BODY = {"title": "CI", "url": URL, "types": ["swap.succeeded", "swap.failed"]}


@pytest.fixture(autouse=True)
def _happened(slots: tuple[Slot, Slot]) -> None:
    order.hand_on()


def created(program: Program, **values: object) -> dict:
    answer = program.post("/event-targets", BODY | values)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_events_are_read_part_by_part_without_a_gap(domain: Domain, program: Program) -> None:
    first = program.get("/events?limit=3").json()
    second = program.get(f"/events?limit=3&after={first['next']}").json()
    types = [one["type"] for one in first["items"] + second["items"]]
    assert types == ["operation.succeeded", "operation.succeeded", *["publication.succeeded"] * 2]
    assert program.get(f"/events?after={second['next']}").json() == {"items": [], "next": second["next"]}
    assert program.get("/events?limit=0").json()["next"] == second["next"]
    said = first["items"][0]["cloud_event"]
    assert said["specversion"] == "1.0" and said["data"]["site"] == "contoso"


def test_events_can_be_chosen_by_type_and_web_site(domain: Domain, program: Program) -> None:
    domain.create("fabrikam")
    order.hand_on()
    assert len(program.get("/events?type=publication.succeeded").json()["items"]) == 2
    assert len(program.get("/events?site=fabrikam").json()["items"]) == 1
    assert program.get("/events?site=nowhere&type=swap.failed").json()["items"] == []


def test_everybody_reads_the_events_of_their_own_web_sites(domain: Domain, program: Program) -> None:
    domain.create("fabrikam")
    order.hand_on()
    assert len(program_of(domain.bob, "read").get("/events").json()["items"]) == 5
    assert program_of(domain.charlie).get("/events").json()["items"] == []
    only = program_of(domain.alice, site="fabrikam").get("/events").json()["items"]
    assert {one["cloud_event"]["data"]["site"] for one in only} == {"fabrikam"}


def test_a_target_is_made_changed_and_removed_and_its_secret_is_not_shown_unasked(program: Program) -> None:
    target = created(program)
    assert target["secret"].startswith("whsec_") and target["host"] == "hooks.example.org"
    path = f"/event-targets/{target['id']}"
    for shown in (program.get(path), program.get("/event-targets"), program.patch(path, {"title": "Chat"})):
        assert shown.status_code == 200 and "hidden" not in shown.content.decode()
        assert target["secret"] not in shown.content.decode()
    assert program.get(path).json()["title"] == "Chat"
    assert program.post(f"{path}/secret/replace").json()["secret"] != target["secret"]
    program.patch(path, {"url": "https://other.example.org/", "format": "slack", "types": ["swap.failed"]})
    changed = program.get(path).json()
    assert (changed["host"], changed["format"], changed["types"]) == ("other.example.org", "slack", ["swap.failed"])
    assert program.delete(path).status_code == 204 and program.get(path).status_code == 404
    assert "are not sent to 'Chat' any more" in Operation.objects.latest("pk").outcome


def test_a_target_of_mails_has_no_secret(domain: Domain, program: Program, settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example"
    EmailAddress.objects.create(user=domain.alice, email="ada@example.org", verified=True)
    target = created(program, url="ada@example.org", format="mail")
    assert (target["host"], target["secret"]) == ("ada@example.org", None)


def test_a_request_with_a_key_is_done_once_and_answered_twice(domain: Domain, program: Program) -> None:
    first, again = (program.post("/event-targets", BODY, Idempotency_Key="ci") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()
    assert "Idempotency-Replayed" not in first and again["Idempotency-Replayed"] == "true"
    path = f"/event-targets/{first.json()['id']}"
    assert program.post(f"{path}/test", Idempotency_Key="ci").json()["code"] == "KeyReused"
    tests = [program.post(f"{path}/test", Idempotency_Key="try") for _ in range(2)]
    assert tests[0].json()["id"] == tests[1].json()["id"] and Delivery.objects.count() == 1
    secrets = [program.post(f"{path}/secret/replace", Idempotency_Key="new").json() for _ in range(2)]
    assert secrets[0] == secrets[1] and secrets[0]["secret"] != first.json()["secret"]
    Delivery.objects.update(state=DeliveryState.FAILED)
    sent = [program.post(f"{path}/deliveries/{tests[0].json()['id']}/redeliver", Idempotency_Key="more") for _ in "12"]
    assert [one.status_code for one in sent] == [202, 202] and sent[1]["Idempotency-Replayed"] == "true"
    Membership.objects.filter(user=domain.alice).update(role=Role.READER)
    assert program.post("/event-targets", BODY, Idempotency_Key="ci").status_code == 403, "a reader sees no secret"


def test_a_repeated_answer_holds_no_secret_that_was_made_later(domain: Domain, program: Program) -> None:
    created = program.post("/event-targets", BODY, Idempotency_Key="ci").json()
    path = f"/event-targets/{created['id']}/secret/replace"
    replaced = program.post(path, Idempotency_Key="new").json()
    again = program.post("/event-targets", BODY, Idempotency_Key="ci")
    assert (again.status_code, again.json()["secret"]) == (201, None)
    assert program.post(path, Idempotency_Key="new").json() == replaced
    program_of(domain.alice).post(path)
    assert program.post(path, Idempotency_Key="new").json() == {"secret": None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://hooks.example.org/"},
        {"url": "https://ada:x@hooks.example.org/"},
        {"types": []},
        {"types": ["test"]},
        {"types": ["nothing"]},
        {"title": " "},
        {"title": "a\u202eb"},
        {"format": "fax"},
        {"site": "nowhere"},
        {"more": 1},
    ],
)
def test_what_cannot_be_taken_is_refused(program: Program, wrong: dict[str, object]) -> None:
    assert program.post("/event-targets", BODY | wrong).status_code in (400, 404, 422)
    assert not EventTarget.objects.exists()


def test_a_title_is_there_once_so_a_request_that_is_sent_twice_makes_one_target(program: Program) -> None:
    created(program)
    assert program.post("/event-targets", BODY).json()["code"] == "TargetRefused"
    for number in range(1, MAX_TARGETS):
        created(program, title=f"CI {number}")
    full = program.post("/event-targets", BODY | {"title": "more"})
    assert (full.status_code, full.json()["code"]) == (409, "TargetLimit")
    assert (
        program.patch(f"/event-targets/{EventTarget.objects.first().public_id}", {"title": "CI 2"}).status_code == 400
    )


def paths(target: dict, delivery: Delivery) -> list[tuple[str, str, object]]:
    of_target = f"/event-targets/{target['id']}"
    of_delivery = f"{of_target}/deliveries/{delivery.public_id}"
    return [
        ("GET", of_target, None),
        ("GET", f"{of_target}/deliveries", None),
        ("GET", of_delivery, None),
        ("PATCH", of_target, {"title": "x"}),
        ("POST", f"{of_target}/secret/replace", None),
        ("POST", f"{of_target}/test", None),
        ("POST", f"{of_delivery}/redeliver", None),
        ("DELETE", of_target, None),
    ]


def test_strangers_find_no_target_readers_change_none_and_tokens_do_what_their_scopes_say(
    domain: Domain, program: Program
) -> None:
    target = created(program)
    assert program.post(f"/event-targets/{target['id']}/test").status_code == 202
    delivery = Delivery.objects.get()
    domain.create("fabrikam")
    reader, looking = program_of(domain.bob), program_of(domain.alice, "read")
    for method, path, body in paths(target, delivery):
        for stranger in (program_of(domain.charlie), program_of(domain.alice, site="fabrikam")):
            assert stranger.ask(method, path, body).status_code == 404, f"{method} {path}"
        if method != "GET":
            assert reader.ask(method, path, body).json()["code"] == "NotAllowed", f"{method} {path}"
            assert looking.ask(method, path, body).json()["code"] == "ScopeMissing", f"{method} {path}"
        else:
            assert reader.ask(method, path, body).status_code == 200
    for one in (reader, looking):
        named = {"title": "new", "subscription": str(domain.subscription.public_id)}
        assert one.post("/event-targets", BODY | named).status_code == 403
    other = Subscription.objects.create(name="Other")
    foreign = program.post("/event-targets", BODY | {"title": "new", "subscription": str(other.public_id)})
    assert foreign.status_code == 404 and EventTarget.objects.count() == 1


def test_a_token_of_one_site_has_targets_of_that_site_alone(domain: Domain, program: Program) -> None:
    created(program)
    only = program_of(domain.alice, site="contoso")
    assert only.post("/event-targets", BODY | {"title": "all"}).status_code == 400
    mine = created(only, title="mine", site="contoso")
    assert [one["id"] for one in only.get("/event-targets").json()["items"]] == [mine["id"]]
    assert program.get("/event-targets").json()["total"] == 2


def test_a_subscription_must_be_named_where_there_are_more(domain: Domain, program: Program) -> None:
    other = Subscription.objects.create(name="Other")
    Membership.objects.create(subscription=other, user=User.objects.get(username="alice"), role=Role.OWNER)
    assert program.post("/event-targets", BODY).json()["code"] == "TargetRefused"
    assert created(program, subscription=str(other.public_id))["subscription"] == str(other.public_id)


def test_a_test_shows_what_the_target_answers_and_can_be_sent_again(program: Program, settings: Settings) -> None:
    with receiver() as told:
        settings.WEBHOOK_HOSTS = [told.authority]
        told.answers = [(410, "go away"), (200, "hello")]
        target = created(program, url=told.url())
        of_target = f"/event-targets/{target['id']}"
        sent = program.post(f"{of_target}/test").json()
        path = f"{of_target}/deliveries/{sent['id']}"
        assert (sent["state"], sent["type"]) == ("pending", "test")
        assert program.post(f"{path}/redeliver").json()["code"] == "StillWaiting"
        deliveries.run()
        shown = program.get(path).json()
        assert (shown["state"], shown["status"], shown["answer"]) == ("failed", 410, "go away")
        for again in (program.post(f"{path}/redeliver"), program.post(f"{of_target}/test")):
            assert again.json()["code"] == "TargetDisabled"
        assert program.patch(of_target, {"is_enabled": True}).json()["disabled_because"] == ""
        assert program.post(f"{path}/redeliver").json()["state"] == "pending"
        deliveries.run()
        assert program.get(f"{of_target}/deliveries").json()["items"][0]["answer"] == "hello"
