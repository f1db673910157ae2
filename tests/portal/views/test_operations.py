"""The notification bar and the operation logs."""

import uuid

from django.test import Client

from sites.models import Operation, OperationState, Site
from sites.planning import build_log
from tests.domain import Domain
from tests.portal.conftest import HTMX


def end(operation: Operation, state: OperationState, outcome: str) -> Operation:
    Operation.objects.filter(pk=operation.pk).update(state=state, outcome=outcome, dismissed_at=None)
    operation.refresh_from_db()
    return operation


def test_the_bar_of_every_page_follows_an_operation(domain: Domain, alice: Client, contoso: Site) -> None:
    alice.post("/sites/contoso/staging/restart/", headers=HTMX)
    assert "notification--progress" in alice.get("/operations/").content.decode()
    domain.work(Operation.objects.latest("pk"))
    assert "notification--success" in alice.get("/operations/").content.decode()


def test_steps_stand_with_their_times(domain: Domain, alice: Client, contoso: Site) -> None:
    alice.post("/sites/contoso/staging/swap/", headers=HTMX)
    operation = domain.work(Operation.objects.latest("pk"))
    text = alice.get(f"/operations/{operation.public_id}/").content.decode()
    for step in operation.steps.all():
        assert step.get_step_display() in text
    assert " s</span>" in text


def test_a_failure_is_pink_with_the_last_lines_and_stays_until_it_is_closed(alice: Client, contoso: Site) -> None:
    operation = end(Operation.objects.latest("pk"), OperationState.FAILED, "The swap was stopped.\nTraceback: boom")
    for _ in range(2):
        text = alice.get("/sites/").content.decode()
        assert "notification--failure" in text and "Traceback: boom" in text
        assert 'data-sentence="The swap was stopped."' in text
    answer = alice.post(f"/operations/{operation.public_id}/dismiss/", headers=HTMX)
    assert "notification--failure" not in answer.content.decode()
    assert "notification--failure" not in alice.get("/sites/").content.decode()


def test_nobody_closes_the_notification_of_somebody_else(alice: Client, bob: Client, contoso: Site) -> None:
    operation = end(Operation.objects.latest("pk"), OperationState.FAILED, "The swap was stopped.")
    assert bob.post(f"/operations/{operation.public_id}/dismiss/").status_code == 303
    assert "notification--failure" in alice.get("/sites/").content.decode()


def test_what_an_application_wrote_is_for_people_who_may_change_the_site(
    domain: Domain, alice: Client, bob: Client, contoso: Site
) -> None:
    """It may hold secrets. `bob` is a reader, and was more when he asked for one of these."""
    slots = list(contoso.slots.order_by("pk"))
    domain.swap(*slots[::-1])
    Operation.objects.update(
        state=OperationState.FAILED, outcome="It was stopped.\nTraceback: hush-hush", actor=domain.bob
    )
    deployment = slots[0].workload.active_deployment
    log = build_log(deployment)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("hush-hush\n")
    swap = Operation.objects.filter(swap__isnull=False).latest("pk")
    pages = [
        f"/operations/{swap.public_id}/",
        "/operations/export.csv",
        "/sites/contoso/production/swaps/",
        f"/sites/contoso/production/deployments/{deployment.public_id}/",
    ]
    for page in pages:
        for client, is_shown in ((alice, True), (bob, False)):
            answer = client.get(page)
            text = b"".join(answer).decode()
            assert answer.status_code == 200 and ("hush-hush" in text) is is_shown, page
    assert "It was stopped." in (bar := bob.get("/sites/").content.decode()) and "hush-hush" not in bar


def test_the_newest_is_shown_an_older_failure_after_it_and_what_runs_before_both(alice: Client, contoso: Site) -> None:
    first, second = Operation.objects.order_by("pk")[:2]
    end(first, OperationState.FAILED, "It failed.")
    end(second, OperationState.SUCCEEDED, "It went well.")
    waiting = alice.get("/sites/").context["frame"].waiting
    assert waiting.shown == second and waiting.has_failed
    alice.post("/sites/contoso/staging/restart/")
    waiting = alice.get("/sites/").context["frame"].waiting
    assert waiting.shown.is_open and len(waiting.operations) == 3
    end(waiting.shown, OperationState.CANCELLED, "It was cancelled.")
    for operation in (waiting.shown, second):
        alice.post(f"/operations/{operation.public_id}/dismiss/")
    assert alice.get("/sites/").context["frame"].waiting.shown == first, "it waits until it was read"


def test_a_failure_gives_way_once_the_same_went_well(domain: Domain, alice: Client, contoso: Site) -> None:
    def press(**form: str) -> Operation:
        alice.post("/sites/contoso/staging/swap/", form)
        return domain.look(Operation.objects.latest("pk"))

    domain.answer_everything("500")
    failed = domain.work(press())
    domain.answers = {}
    alice.post("/sites/contoso/staging/restart/")
    domain.work(Operation.objects.latest("pk"))
    assert failed in alice.get("/sites/").context["frame"].waiting.operations, "another thing went well"
    prepared = press(preview="1")
    assert prepared.state == OperationState.WAITING
    waiting = alice.get("/sites/").context["frame"].waiting
    assert waiting.shown == prepared and failed not in waiting.operations


def test_only_the_newest_good_news_is_shown_and_ok_closes_the_older_too(alice: Client, contoso: Site) -> None:
    Operation.objects.update(dismissed_at=None)
    waiting = alice.get("/sites/").context["frame"].waiting
    assert len(waiting.operations) == 1
    answer = alice.post(f"/operations/{waiting.shown.public_id}/dismiss/", {"next": "/all/"})
    assert (answer.status_code, answer["Location"]) == (303, "/all/")
    assert alice.get("/sites/").context["frame"].waiting.operations == []


def test_a_notification_is_for_the_person_who_asked(alice: Client, bob: Client, contoso: Site) -> None:
    alice.post("/sites/contoso/staging/restart/")
    assert bob.get("/sites/").context["frame"].waiting.operations == []


def test_the_logs_show_what_happened_and_filter_by_site(
    domain: Domain, alice: Client, bob: Client, charlie: Client, contoso: Site
) -> None:
    domain.create("fabrikam")
    everything = alice.get("/operations/").context["page"].object_list
    assert {operation.target for operation in everything} == {"contoso", "contoso (staging)", "fabrikam"}
    one = bob.get("/operations/?site=fabrikam").context["page"].object_list
    assert {operation.target for operation in one} == {"fabrikam"}
    assert list(charlie.get("/operations/").context["page"].object_list) == []
    assert list(charlie.get("/operations/?site=contoso").context["page"].object_list) == []


def test_a_stranger_sees_no_operation(charlie: Client, contoso: Site) -> None:
    public_id = Operation.objects.latest("pk").public_id
    for address in (f"/operations/{public_id}/", f"/operations/{uuid.uuid4()}/"):
        assert charlie.get(address).status_code == 404
    assert charlie.post(f"/operations/{public_id}/dismiss/").status_code == 404
    assert charlie.post(f"/operations/{public_id}/cancel/").status_code == 404


def test_an_open_operation_can_be_cancelled_and_an_ended_one_cannot(alice: Client, bob: Client, contoso: Site) -> None:
    alice.post("/sites/contoso/staging/swap/")
    operation = Operation.objects.latest("pk")
    assert bob.post(f"/operations/{operation.public_id}/cancel/").status_code == 403
    assert alice.post(f"/operations/{operation.public_id}/cancel/", headers=HTMX).status_code == 200
    operation.refresh_from_db()
    assert operation.cancel_requested_at
    ended = Operation.objects.filter(state=OperationState.SUCCEEDED).first()
    assert alice.post(f"/operations/{ended.public_id}/cancel/", headers=HTMX).status_code == 409
