"""A slot's own credentials publish to that slot, and to no other."""

import base64
import errno

import pytest
from django.conf import LazySettings
from django.test import Client

from sites.logs import files
from sites.models import Deployment, Slot
from sites.planning import build_log
from sites.publishing.authentication import FROM_ADDRESS, TO_HOST
from sites.services import deployments
from sites.services.slots import change_swap_settings
from sites.services.swaps import request_swap
from tests.domain import Domain

TEXT = {"HTTP_ACCEPT": "text/plain"}


def basic(slot: Slot, password: str | None = None) -> dict[str, str]:
    pair = f"{slot.publishing_user}:{slot.publishing_password if password is None else password}"
    return {"HTTP_AUTHORIZATION": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def post_zip(domain: Domain, host: str, text: str = "three", **headers: str):
    return Client().post(
        "/api/zipdeploy?isAsync=true&message=by+curl",
        data=domain.archive(text).read_bytes(),
        content_type="application/zip",
        HTTP_HOST=f"{host}:8080",
        **headers,
    )


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    return domain.staged()


def test_a_zip_is_published_under_the_name_that_the_client_gives(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    answer = post_zip(domain, "contoso-staging.scm.localhost", **basic(slots[1]))
    assert answer.status_code == 202
    deployment = Deployment.objects.first()
    assert answer["Location"].endswith(f"/api/deployments/{deployment.public_id.hex}")
    domain.work(deployment.operation)
    assert domain.serves("contoso-staging.localhost") == "by curl"
    detail = Client().get(
        f"/api/deployments/{deployment.public_id.hex}", HTTP_HOST="contoso-staging.scm.localhost", **basic(slots[1])
    )
    assert (detail.status_code, detail.json()["active"], detail.json()["author"]) == (200, True, "$contoso__staging")


@pytest.mark.parametrize(
    ("setting", "value", "code"), [("DISK_RESERVE", 2**62, "DiskFull"), ("SITE_CONTENT_BYTES", 1, "QuotaExceeded")]
)
def test_what_has_no_room_is_507_with_a_code(
    domain: Domain, slots: tuple[Slot, Slot], settings: LazySettings, setting: str, value: int, code: str
) -> None:
    setattr(settings, setting, value)
    answer = post_zip(domain, "contoso-staging.scm.localhost", **basic(slots[1]))
    assert (answer.status_code, answer.json()["code"]) == (507, code)


def test_what_has_no_memory_is_a_conflict_with_a_code(
    domain: Domain, slots: tuple[Slot, Slot], settings: LazySettings
) -> None:
    settings.SITES_MEMORY_MB = 1
    answer = post_zip(domain, "contoso-staging.scm.localhost", **basic(slots[1]))
    assert (answer.status_code, answer.json()["code"]) == (409, "NotEnoughMemory")


def test_the_log_is_given_whole_with_what_moved_aside(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    deployment = slots[1].workload.active_deployment
    log = build_log(deployment)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.with_name(f"{log.name}.1").write_text("first\n")
    log.write_text("last\n")
    address = f"/api/deployments/{deployment.public_id.hex}/log"
    answer = Client().get(address, HTTP_HOST="contoso-staging.scm.localhost", **TEXT, **basic(slots[1]))
    assert answer.getvalue() == b"first\nlast\n"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


def test_a_log_acts_on_no_terminal_however_it_is_cut_into_blocks(
    domain: Domain, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BLOCK", 5)
    monkeypatch.setattr(deployments, "BLOCK", 64)
    deployment = slots[1].workload.active_deployment
    written = "grün\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J\u202etxt\ttab\n" + "ü" * 200
    build_log(deployment).parent.mkdir(parents=True, exist_ok=True)
    build_log(deployment).write_text(written)
    address = f"/api/deployments/{deployment.public_id.hex}/log"
    answer = Client().get(address, HTTP_HOST="contoso-staging.scm.localhost", **TEXT, **basic(slots[1]))
    text = answer.getvalue().decode()
    assert text == "grünred  \\u202etxt\ttab\n" + "ü" * 200


@pytest.mark.parametrize("own", [0, 1])
def test_the_credentials_of_one_slot_open_that_slot_only(domain: Domain, slots: tuple[Slot, Slot], own: int) -> None:
    hosts = ("contoso.scm.localhost", "contoso-staging.scm.localhost")
    assert post_zip(domain, hosts[own], **basic(slots[own])).status_code == 202
    refused = post_zip(domain, hosts[1 - own], **basic(slots[own]))
    assert refused.status_code == 401
    assert refused.json()["code"] == "NotAuthenticated"
    assert refused["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        *({"HTTP_AUTHORIZATION": given} for given in ("Basic !!", "Basic \xff\xff", "Basic /w==", "Basic", "Bearer x")),
    ],
)
def test_without_credentials_nothing_is_published(
    domain: Domain, slots: tuple[Slot, Slot], headers: dict[str, str]
) -> None:
    before = Deployment.objects.count()
    assert post_zip(domain, "contoso.scm.localhost", **headers).status_code == 401
    assert Deployment.objects.count() == before


def test_an_empty_password_opens_nothing(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    assert post_zip(domain, "contoso.scm.localhost", **basic(slots[0], password="")).status_code == 401


def test_what_is_no_zip_is_refused_with_a_sentence_and_nothing_left_behind(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    before = Deployment.objects.count()
    answer = Client().post(
        "/api/zipdeploy",
        data=b"hello",
        content_type="application/zip",
        HTTP_HOST="contoso.scm.localhost",
        **basic(slots[0]),
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "ArchiveRefused"
    assert "nothing was changed" in answer.json()["message"]
    assert Deployment.objects.count() == before


def test_a_publication_during_another_operation_is_a_conflict(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    assert post_zip(domain, "contoso.scm.localhost", **basic(slots[0])).status_code == 202
    answer = post_zip(domain, "contoso.scm.localhost", "four", **basic(slots[0]))
    assert answer.status_code == 409
    assert "held by the publication of $contoso since" in answer.json()["message"]


def test_history_is_for_the_slots_own_credentials(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    answer = Client().get("/api/deployments", HTTP_HOST="contoso.scm.localhost", **basic(slots[0]))
    assert [one["message"] for one in answer.json()] == ["one"]
    assert Client().get("/api/deployments", HTTP_HOST="contoso.scm.localhost").status_code == 401


def look(slot: Slot, host: str, address: str, **headers: str):
    return Client().get(f"/api/deployments/{address}", HTTP_HOST=host, **basic(slot), **headers)


@pytest.mark.parametrize("way", ["auto swap", "swap"])
def test_the_address_of_a_publication_stays_valid_wherever_it_goes(
    domain: Domain, slots: tuple[Slot, Slot], way: str
) -> None:
    production, staging = slots
    host = "contoso-staging.scm.localhost"
    if way == "auto swap":
        change_swap_settings(acting_user=domain.alice, slot=staging, is_auto_swapped=True)
    address = post_zip(domain, host, **basic(staging))["Location"].rpartition("/")[2]
    deployment = Deployment.objects.get(public_id=address)
    assert look(staging, host, address).status_code == 202
    assert domain.work(deployment.operation).state == "succeeded"
    if way == "swap":
        assert domain.swap(staging, production).state == "succeeded"
    build_log(deployment).parent.mkdir(parents=True, exist_ok=True)
    build_log(deployment).write_text("built")
    for name in (address, "latest"):
        found = look(staging, host, name)
        assert (found.status_code, found.json()["id"]) == (200, address)
        assert (found.json()["state"], found.json()["slot"]) == ("active", "production")
        assert look(staging, host, f"{name}/log", **TEXT).getvalue() == b"built"
    assert look(production, "contoso.scm.localhost", address).status_code == 404, "production did not receive it"


def test_a_deployment_that_another_has_replaced_says_so(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    domain.publish(slots[0], "three")
    answer = Client().get("/api/deployments", HTTP_HOST="contoso.scm.localhost", **basic(slots[0]))
    assert [(one["message"], one["state"], one["active"]) for one in answer.json()] == [
        ("three", "active", True),
        ("one", "superseded", False),
    ]


@pytest.mark.parametrize("address", ["nonsense", "0" * 32, "0/log", "nonsense/log"])
def test_what_is_no_deployment_is_not_found(domain: Domain, slots: tuple[Slot, Slot], address: str) -> None:
    assert look(slots[0], "contoso.scm.localhost", address).status_code == 404


def test_a_conflict_is_one_for_programs_too(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    preview = request_swap(acting_user=domain.alice, source=slots[1], target=slots[0], with_preview=True)
    domain.look(preview)
    answer = post_zip(domain, "contoso.scm.localhost", **basic(slots[0]))
    assert (answer.status_code, answer.json()["code"]) == (409, "SwapPending")


def test_a_full_disk_is_told_as_such(domain: Domain, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sites.services.deployments.archives.unpacked", fill)
    answer = post_zip(domain, "contoso.scm.localhost", **basic(slots[0]))
    assert (answer.status_code, answer.json()["code"]) == (507, "NoSpaceLeft")
    assert "the disk of the server is full. Nothing was changed." in answer.json()["message"]


def ask(host: str = "contoso.scm.localhost", address: str = "192.0.2.1", **headers: str):
    return Client(REMOTE_ADDR=address).get("/api/deployments", HTTP_HOST=host, **headers)


def test_wrong_credentials_from_one_address_are_ended_and_the_right_ones_are_taken(slots: tuple[Slot, Slot]) -> None:
    wrong = basic(slots[0], "wrong")
    assert [ask(**wrong).status_code for _ in range(FROM_ADDRESS.most)] == [401] * FROM_ADDRESS.most
    limited = ask(**wrong)
    assert limited.status_code == 429 and int(limited["Retry-After"]) > 0
    assert limited.json()["code"] == "PublishingLimited"
    assert ask("contoso-staging.scm.localhost", **wrong).status_code == 429, "spraying over slots is the same"
    assert ask("nothing.scm.localhost", **wrong).status_code == 429
    assert ask(**basic(slots[0])).status_code == 200, "a stranger at the same address does not stop a pipeline"
    assert ask(address="192.0.2.2", **wrong).status_code == 401


def test_wrong_credentials_for_one_slot_are_ended_from_every_address(slots: tuple[Slot, Slot]) -> None:
    wrong = basic(slots[0], "wrong")
    for number in range(TO_HOST.most):
        assert ask(address=f"198.51.100.{number}", **wrong).status_code == 401
    assert ask(address="203.0.113.1", **wrong).status_code == 429
    assert ask(**basic(slots[0])).status_code == 200


def test_a_client_that_asks_which_credentials_are_wanted_guesses_nothing(slots: tuple[Slot, Slot]) -> None:
    assert {ask().status_code for _ in range(FROM_ADDRESS.most + 5)} == {401}
