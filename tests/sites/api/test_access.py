"""Whom the API answers, and how far: tokens, scopes, one site only, other people's sites, and no cookies."""

import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sites.api.authentication import FROM_ADDRESS
from sites.models import AccessToken, Membership, Operation, Role, SiteMember, Slot, Subscription
from sites.services import access_tokens
from tests.domain import Domain
from tests.sites.api.program import PREFIX, Program, operation_of, program_of


def test_without_a_token_nothing_is_answered(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    answer = Program().get("/sites")
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenRefused")
    assert answer["WWW-Authenticate"].startswith("Bearer ")
    assert Program().get("/nowhere").status_code == 404


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_a_token_counts_in_its_own_scheme_only(domain: Domain, program: Program, scheme: str) -> None:
    assert Program().get("/me", Authorization=f"{scheme} {program.token}".strip()).status_code == 401


def test_a_session_counts_for_nothing(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(domain.alice)
    assert browser.get("/sites/").status_code == 200
    asked = browser.post(f"{PREFIX}/sites/contoso/swap", {}, content_type="application/json")
    assert (asked.status_code, browser.get(f"{PREFIX}/sites").status_code) == (401, 401)
    assert not asked.cookies and not Operation.objects.filter(kind="swap").exists()


def test_no_answer_sets_a_cookie_or_is_kept(domain: Domain, program: Program) -> None:
    answer = program.get("/me")
    assert not answer.cookies and "no-store" in answer["Cache-Control"]


def test_no_page_of_another_origin_may_ask(domain: Domain, program: Program) -> None:
    asked = program.ask("OPTIONS", "/sites", Origin="http://evil.example", Access_Control_Request_Method="POST")
    assert asked.status_code in (401, 405) and not [name for name in asked.headers if name.startswith("Access-Control")]


def test_a_token_that_was_revoked_or_has_expired_or_whose_person_left_is_refused(
    domain: Domain, program: Program
) -> None:
    token = AccessToken.objects.get()
    AccessToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert program.get("/me").status_code == 401
    AccessToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert program.get("/me").status_code == 200
    domain.alice.is_active = False
    domain.alice.save()
    assert program.get("/me").status_code == 401
    domain.alice.is_active = True
    domain.alice.save()
    access_tokens.revoke(acting_user=domain.alice, number=token.pk)
    assert program.get("/me").status_code == 401


def test_a_stranger_learns_nothing_and_changes_nothing(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    charlie = program_of(domain.charlie)
    operation = Operation.objects.filter(site__name="contoso").first()
    deployment = slots[0].workload.active_deployment.public_id
    assert charlie.get("/sites").json()["items"] == [] and charlie.get("/operations").json()["items"] == []
    missing = charlie.get("/sites/nowhere")
    for method, path, body in everything(str(operation.public_id), str(deployment)):
        answer = charlie.ask(method, path, body)
        assert (answer.status_code, answer.json()) == (404, missing.json()), f"{method} {path}"


def test_a_reader_looks_and_changes_nothing(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    bob = program_of(domain.bob)
    assert bob.get("/sites/contoso").status_code == 200
    count = Operation.objects.count()
    for method, path, body in everything("", str(slots[1].workload.active_deployment.public_id)):
        if method != "GET" and "/operations/" not in path:
            answer = bob.ask(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "NotAllowed"), f"{method} {path}"
    assert bob.get("/sites/contoso/slots/staging/settings?reveal=true").status_code == 403
    assert Operation.objects.count() == count


def test_a_token_of_one_site_leads_to_no_other(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    domain.staged("fabrikam")
    only = program_of(domain.alice, site="fabrikam")
    operation = Operation.objects.filter(site__name="contoso").first()
    deployment = slots[0].workload.active_deployment.public_id
    assert [one["name"] for one in only.get("/sites").json()["items"]] == ["fabrikam"]
    assert {one["site"] for one in only.get("/operations").json()["items"]} == {"fabrikam"}
    assert only.get("/subscriptions").json()["items"] == []
    for method, path, body in everything(str(operation.public_id), str(deployment)):
        assert only.ask(method, path, body).status_code == 404, f"{method} {path}"
    created = only.post("/sites", {"name": "more"})
    named = only.post("/sites", {"name": "more", "subscription": str(domain.subscription.public_id)})
    assert (created.status_code, named.status_code) == (400, 404)
    assert domain.work(operation_of(only.post("/sites/fabrikam/swap"))).state == "succeeded"


def test_a_member_of_another_site_is_a_stranger(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    fabrikam = domain.staged("fabrikam")[0].site
    SiteMember.objects.create(site=fabrikam, user=domain.charlie, role=Role.CONTRIBUTOR)
    charlie = program_of(domain.charlie)
    operation = Operation.objects.filter(site__name="contoso").first()
    deployment = slots[0].workload.active_deployment.public_id
    assert [one["name"] for one in charlie.get("/sites").json()["items"]] == ["fabrikam"]
    assert {one["site"] for one in charlie.get("/operations").json()["items"]} == {"fabrikam"}
    assert charlie.get("/subscriptions").json()["items"] == []
    for method, path, body in everything(str(operation.public_id), str(deployment)):
        assert charlie.ask(method, path, body).status_code == 404, f"{method} {path}"
    named = charlie.post("/sites", {"name": "more", "subscription": str(domain.subscription.public_id)})
    assert (charlie.post("/sites", {"name": "more"}).status_code, named.status_code) == (400, 404)
    assert domain.work(operation_of(charlie.post("/sites/fabrikam/swap"))).state == "succeeded"


def test_a_role_in_a_site_that_ends_ends_for_its_tokens_at_once(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    member = SiteMember.objects.create(site=slots[0].site, user=domain.charlie, role=Role.CONTRIBUTOR)
    charlie = program_of(domain.charlie, site="contoso")
    preview = operation_of(charlie.post("/sites/contoso/swap", {"preview": True}))
    assert domain.look(preview).state == "waiting"
    member.role = Role.READER
    member.save()
    assert charlie.post(f"/operations/{preview.public_id}/complete").status_code == 403
    member.delete()
    assert charlie.get("/sites/contoso").status_code == 404
    for verb in ("complete", "cancel"):
        assert charlie.post(f"/operations/{preview.public_id}/{verb}").status_code == 404


def test_a_token_does_what_its_scopes_say(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    looking = program_of(domain.alice, "read")
    publishing = program_of(domain.alice, "publish")
    for one in (looking, publishing):
        assert one.get("/sites/contoso").status_code == 200
        refused = one.post("/sites/contoso/swap")
        assert (refused.status_code, refused.json()["code"]) == (403, "ScopeMissing")
    operation = Operation.objects.first()
    count = Operation.objects.count()
    for method, path, body in everything(str(operation.public_id), str(slots[1].workload.active_deployment.public_id)):
        if method != "GET":
            assert looking.ask(method, path, body).json()["code"] == "ScopeMissing", f"{method} {path}"
    assert Operation.objects.count() == count


def test_rights_that_the_person_loses_the_token_loses_at_once(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    other = Subscription.objects.create(name="Other")
    Membership.objects.create(subscription=other, user=domain.charlie, role=Role.OWNER)
    Membership.objects.create(subscription=domain.subscription, user=domain.charlie, role=Role.CONTRIBUTOR)
    charlie = program_of(domain.charlie)
    assert charlie.get("/sites/contoso").status_code == 200
    domain.subscription.memberships.filter(user=domain.charlie).update(role=Role.READER)
    assert charlie.post("/sites/contoso/swap").status_code == 403
    domain.subscription.memberships.filter(user=domain.charlie).delete()
    assert charlie.get("/sites/contoso").status_code == 404


def test_guessing_tokens_is_ended_and_the_right_one_is_taken(domain: Domain, program: Program) -> None:
    guessing = Program(f"greenroom_{'x' * 43}")
    tried = [guessing.get("/me").status_code for _ in range(FROM_ADDRESS.most)]
    assert set(tried) == {401}
    limited = next(one for one in (guessing.get("/me") for _ in range(9)) if one.status_code == 429)
    assert limited.json()["code"] == "TokenLimited" and int(limited["Retry-After"]) > 0
    assert program.get("/me").status_code == 200


def test_no_token_stands_in_a_log_or_in_the_database(
    domain: Domain, program: Program, caplog: pytest.LogCaptureFixture, slots: tuple[Slot, Slot]
) -> None:
    wrong = f"greenroom_{'y' * 43}"
    with caplog.at_level(logging.DEBUG):
        Program(wrong).get("/me")
        operation_of(program.post("/sites/contoso/swap"))
    assert "wrong access token" in caplog.text and "by the access token" in caplog.text
    assert wrong not in caplog.text and program.token not in caplog.text
    kept = AccessToken.objects.values_list().get()
    assert not [value for value in kept if program.token.removeprefix("greenroom_") in str(value)]


def test_the_last_use_of_a_token_is_noted(domain: Domain, program: Program) -> None:
    assert AccessToken.objects.get().used_at is None
    program.get("/me")
    assert AccessToken.objects.get().used_at is not None


def everything(operation: str, deployment: str) -> list[tuple[str, str, object]]:
    """Each address that leads to contoso, or to something of it, with a body that it takes."""
    site, slot = "/sites/contoso", "/sites/contoso/slots/staging"
    asked: list[tuple[str, str, object]] = [
        ("GET", site, None),
        ("DELETE", f"{site}?typed_name=contoso", None),
        ("PUT", f"{site}/mode", {"mode": "free"}),
        ("POST", f"{site}/slots", {}),
        ("GET", f"{site}/people", None),
        ("POST", f"{site}/people", {"name": "charlie", "role": "reader"}),
        ("PATCH", f"{site}/people/1", {"role": "reader"}),
        ("DELETE", f"{site}/people/1", None),
        ("GET", slot, None),
        ("DELETE", slot, None),
        ("PUT", f"{slot}/instances", {"instances": 2}),
        *(("POST", f"{slot}/{verb}", {}) for verb in ("start", "stop", "restart", "credentials/reset")),
        ("GET", f"{slot}/credentials", None),
        ("GET", f"{slot}/domains", None),
        ("POST", f"{slot}/domains", {"name": "www.example.org"}),
        ("POST", f"{slot}/domains/1/check", {}),
        ("DELETE", f"{slot}/domains/1", None),
        ("GET", f"{site}/linked-resources", None),
        ("POST", f"{site}/linked-resources", {"name": "db", "engine": "redis", "connection_string": "redis://db/0"}),
        ("POST", f"{site}/linked-resources/1/check", {}),
        ("DELETE", f"{site}/linked-resources/1", None),
        ("GET", f"{slot}/certificates/uploaded", None),
        ("POST", f"{slot}/certificates/uploaded", {"pem": "x"}),
        ("DELETE", f"{slot}/certificates/uploaded/1", None),
        ("GET", f"{slot}/tls", None),
        ("PATCH", f"{slot}/tls", {"https_only": False}),
        ("GET", f"{slot}/settings", None),
        ("PATCH", f"{slot}/settings", {"app_settings": {"KEY": "x"}}),
        ("GET", f"{slot}/deployments", None),
        ("GET", f"{site}/deployments/{deployment}", None),
        ("GET", f"{site}/deployments/{deployment}/log", None),
        ("GET", f"{site}/compare", None),
        ("POST", f"{site}/swap", {}),
        ("PUT", f"{site}/production", {"deployment": deployment}),
        ("GET", f"{site}/swaps", None),
        ("GET", f"{slot}/releases", None),
        ("GET", f"{site}/rollback", None),
        ("POST", f"{site}/rollback", {}),
        ("GET", f"/operations/{operation}", None),
        *(("POST", f"/operations/{operation}/{verb}", {}) for verb in ("complete", "cancel", "restore")),
    ]
    return [one for one in asked if operation or "/operations/" not in one[1]]
