"""What strangers wrote does nothing to the pages, tables and lines that show it."""

import csv
import io
import zipfile

import pytest
from django.test import Client

from portal.operation_export import text_lines
from sites.content.explain import explain
from sites.errors import SettingRefused
from sites.models import Operation, OperationState, Site, Slot
from sites.operations import wording
from sites.plain_text import visible
from sites.planning import build_log
from sites.services import deployments, subscriptions
from tests.domain import Domain

OVERRIDE = "\u202e"
HOSTILE = f"\x1b]0;PWN\x07{OVERRIDE}gpj.exe"
"""As an older version may have stored it."""


@pytest.fixture
def staging(contoso: Site) -> Slot:
    return contoso.slots.get(name="staging")


@pytest.fixture
def spoilt(domain: Domain, contoso: Site) -> Operation:
    """A publication whose message and outcome have all of it."""
    for slot in contoso.slots.all():
        slot.workload.deployments.update(message=HOSTILE, author=HOSTILE)
    values = {"kind": "publish", "site": contoso, "subscription": contoso.subscription, "target": "contoso"}
    operation = Operation.objects.create(
        **values,
        actor=domain.alice,
        actor_name="alice",
        state=OperationState.FAILED,
        outcome=f"The build of '{HOSTILE}' failed.\nIts last lines:\n{HOSTILE}",
        ended_at=contoso.created_at,
    )
    operation.steps.create(step="building", sentence="said", started_at=contoso.created_at)
    return operation


def test_no_page_turns_its_letters_around(alice: Client, contoso: Site, spoilt: Operation) -> None:
    slot = "/sites/contoso/staging/"
    pages = ["/sites/", "/operations/", f"/operations/{spoilt.public_id}/"]
    pages += [f"{slot}{tab}/" for tab in ("dashboard", "deployments", "swaps", "quickstart", "configure", "scale")]
    shown = 0
    for page in pages:
        text = alice.get(page).content.decode()
        assert OVERRIDE not in text and "\x1b" not in text and "\x07" not in text, page
        shown += text.count("gpj.exe")
    assert shown > 3, "it is not left out either"


def test_a_message_is_kept_apart_from_what_stands_beside_it(alice: Client, contoso: Site, staging: Slot) -> None:
    staging.workload.deployments.update(message="שלום 123")
    for page in ("/sites/", "/sites/contoso/staging/deployments/", "/sites/contoso/staging/dashboard/"):
        text = alice.get(page).content.decode()
        assert "<bdi" in text and ">שלום 123</bdi>" in text, page


def test_names_of_files_are_shown_with_their_marks(domain: Domain, alice: Client, staging: Slot) -> None:
    archive = domain.folder / "hostile.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.html", "x")
        file.writestr(f"photo{OVERRIDE}gpj.exe", "x")
    operation = deployments.publish_zip(
        acting_user=domain.alice, author="alice", slot=staging, archive=archive, message="m", deployer="Portal"
    )
    assert domain.work(operation).state == "succeeded"
    text = alice.get("/sites/contoso/compare/").content.decode()
    assert r"<bdi>photo\u202egpj.exe</bdi>" in text and OVERRIDE not in text


def test_a_table_of_operations_has_one_line_for_each(alice: Client, spoilt: Operation) -> None:
    Operation.objects.filter(pk=spoilt.pk).update(target="\t=1+1", actor_name="\n@SUM(1)")
    text = b"".join(alice.get("/operations/export.csv").streaming_content).decode()
    assert len(text.splitlines()) == 1 + len(list(csv.reader(io.StringIO(text)))) - 1
    row = next(row for row in csv.DictReader(io.StringIO(text)) if row["Status"] == "Failed")
    assert row["Web site"] == "' =1+1" and row["Person"] == "' @SUM(1)"
    assert row["Outcome"].startswith(r"The build of '\x1b]0;PWN\x07\u202egpj.exe' failed. Its last lines:")
    assert not [line for line in text.splitlines() if line != visible(line)]


def test_the_lines_for_the_clipboard_are_plain(spoilt: Operation) -> None:
    lines = text_lines(spoilt)
    assert lines == [visible(line) for line in lines] and any("gpj.exe" in line for line in lines)


def test_a_log_is_shown_without_colours_and_controls(domain: Domain, alice: Client, staging: Slot) -> None:
    deployment = staging.workload.active_deployment
    path = build_log(deployment)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"\x1b[32mdone\x1b[0m\n\tindented\n{HOSTILE}\x00\n")
    assert deployments.end_of_log(deployment) == "done\n\tindented\n\\u202egpj.exe\\x00"
    page = alice.get(f"/sites/contoso/staging/deployments/{deployment.public_id}/").content.decode()
    assert "done\n\tindented\n\\u202egpj.exe" in page


def test_what_a_program_wrote_stands_plain_in_a_failure() -> None:
    said = wording.last_lines(["\x1b[31merror\x1b[0m", f"{HOSTILE}\0"])
    assert said == "\nIts last lines:\nerror\n\\u202egpj.exe\\x00"
    assert explain(["\x1b[31mit broke\x1b[0m"]) == ": it broke"


def test_a_sentence_writes_out_what_it_quotes() -> None:
    assert (
        str(SettingRefused(f"'{HOSTILE}' cannot be.\nNext.")) == r"'\x1b]0;PWN\x07\u202egpj.exe' cannot be." + "\nNext."
    )


@pytest.mark.parametrize("name", ["a\x1bb", "a\u202eb", "a\x7fb"])
def test_a_subscription_is_not_named_so(domain: Domain, name: str) -> None:
    with pytest.raises(SettingRefused, match="The name of the subscription cannot be taken: it contains the control"):
        subscriptions.create(acting_user=domain.alice, name=name)


@pytest.mark.parametrize("message", ["a\x1bb", "a\u202eb", "a\0b"])
def test_a_message_from_the_portal_is_refused_so(domain: Domain, alice: Client, staging: Slot, message: str) -> None:
    with domain.archive("three").open("rb") as archive:
        answer = alice.post("/sites/contoso/staging/publish/", {"message": message, "archive": archive})
    assert answer.status_code == 400 and "it contains" in answer.content.decode()
    assert staging.workload.deployments.count() == 1
