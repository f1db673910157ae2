"""The client does at a portal what it is asked, shows how it goes, and ends with a code that says how it went."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from client.commands.sites import zipped
from client.exits import MEANINGS, Ended, Exit
from sites.models import Operation, Slot
from sites.services.settings import Entry
from tests.client.conftest import InProcess
from tests.domain import Domain

Run = Callable[..., int]


def test_a_swap_is_waited_for_and_its_steps_are_plain_lines(
    greenroom: Run, domain: Domain, capsys: pytest.CaptureFixture[str]
) -> None:
    assert greenroom("swap", "contoso") == Exit.DONE
    said = capsys.readouterr()
    assert domain.serves("contoso.localhost") == "two"
    assert "Switching the host names" in said.err and "Swapped 'contoso'" in said.err
    assert said.out == "" and "\x1b" not in said.err


def test_json_is_one_line_on_standard_output(greenroom: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert greenroom("swap", "contoso", "--json") == Exit.DONE
    said = json.loads(capsys.readouterr().out)
    assert (said["kind"], said["state"]) == ("swap", "succeeded")
    assert greenroom("sites", "--json") == Exit.DONE
    assert [site["name"] for site in json.loads(capsys.readouterr().out)] == ["contoso"]


def test_a_swap_can_want_a_version(
    greenroom: Run, domain: Domain, slots: tuple[Slot, Slot], capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (slot.workload.active_deployment.public_id.hex for slot in slots)
    assert greenroom("swap", "contoso", "--if-staging", one) == Exit.OTHERWISE
    assert "is not as you expect" in capsys.readouterr().err
    assert domain.serves("contoso.localhost") == "one"
    assert greenroom("swap", "contoso", "--if-staging", two) == Exit.DONE
    assert greenroom("swap", "contoso", "--if-staging", "nonsense") == Exit.REFUSED


def test_a_preview_is_completed_or_cancelled(
    greenroom: Run, domain: Domain, capsys: pytest.CaptureFixture[str]
) -> None:
    assert greenroom("swap", "contoso", "--preview") == Exit.DONE
    assert "greenroom complete contoso" in capsys.readouterr().err
    assert domain.serves("contoso.localhost") == "one"
    assert greenroom("cancel", "contoso") == Exit.DONE
    assert greenroom("complete", "contoso") == Exit.REFUSED
    assert greenroom("swap", "contoso", "--preview") == Exit.DONE
    assert greenroom("complete", "contoso") == Exit.DONE
    assert domain.serves("contoso.localhost") == "two"
    assert greenroom("rollback", "contoso") == Exit.DONE
    assert domain.serves("contoso.localhost") == "one"


def test_a_folder_is_published_to_staging(
    greenroom: Run, domain: Domain, wire: InProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "release three"
    folder.mkdir()
    (folder / "index.html").write_text("three")
    wire.before = [lambda: None, lambda: None]
    assert greenroom("publish", "contoso", str(folder)) == Exit.DONE
    published = Operation.objects.first().deployment
    assert capsys.readouterr().out.strip() == published.public_id.hex
    assert domain.serves("contoso-staging.localhost") == "release three" and published.author == "alice"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert greenroom("publish", "contoso", str(empty)) == Exit.REFUSED


def test_a_web_site_is_created_with_its_staging(
    greenroom: Run, domain: Domain, capsys: pytest.CaptureFixture[str]
) -> None:
    assert greenroom("create", "fabrikam", "--staging") == Exit.DONE
    said = capsys.readouterr()
    assert said.out.split() == ["http://fabrikam.localhost:8080/", "http://fabrikam-staging.localhost:8080/"]
    assert greenroom("create", "fabrikam") == Exit.REFUSED
    assert greenroom("create", "northwind", "--mode", "free", "--staging") == Exit.REFUSED
    assert not Slot.objects.filter(site__name="northwind").exists()


def test_what_is_no_part_of_a_site_is_left_out(tmp_path: Path) -> None:
    for name in ("index.html", ".git/config", "node_modules/x/y.js", "css/a.css", "__pycache__/a.pyc"):
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_text("x")
    (tmp_path / "site/link").symlink_to("/etc/passwd")
    archive = zipfile.ZipFile(zipped(tmp_path / "site", tmp_path / "content.zip"))
    assert archive.namelist() == ["css/a.css", "index.html"]


def test_what_slots_serve_is_shown(greenroom: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert greenroom("sites") == Exit.DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [["contoso", "running"], ["contoso (staging)", "running"]]
    assert greenroom("status", "contoso") == Exit.DONE
    assert "contoso (staging): running, serves two (" in capsys.readouterr().out


def test_settings_are_listed_hidden_and_changed(
    greenroom: Run, domain: Domain, slots: tuple[Slot, Slot], capsys: pytest.CaptureFixture[str]
) -> None:
    domain.save(slots[1], Entry("OLD", "secret-value"))
    assert greenroom("settings", "set", "contoso", "NEW=a=b", "OLD", "--slot", "staging", "--sticky") == Exit.DONE
    capsys.readouterr()
    assert greenroom("settings", "get", "contoso", "--slot", "staging") == Exit.DONE
    assert capsys.readouterr().out == "NEW\t(hidden)\tslot setting\n"
    assert greenroom("settings", "get", "contoso", "--slot", "staging", "--reveal") == Exit.DONE
    assert capsys.readouterr().out == "NEW\ta=b\tslot setting\n"
    assert greenroom("settings", "set", "contoso", "NEW=a=b", "--slot", "staging") == Exit.DONE
    assert "Nothing differs" in capsys.readouterr().err
    assert greenroom("settings", "set", "contoso", "=x") == Exit.REFUSED


def test_a_failure_ends_with_its_sentence_and_its_code(
    greenroom: Run, domain: Domain, slots: tuple[Slot, Slot], capsys: pytest.CaptureFixture[str]
) -> None:
    domain.save(slots[0], Entry("MARK", "production", is_sticky=True))
    domain.answer_everything("500")
    assert greenroom("swap", "contoso") == Exit.FAILED
    assert "Production was not touched" in capsys.readouterr().err


def test_what_is_not_waited_for_is_named(greenroom: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert greenroom("swap", "contoso", "--no-wait") == Exit.DONE
    assert capsys.readouterr().out.strip().endswith(str(Operation.objects.first().public_id))


def test_a_request_that_is_lost_is_sent_again_and_done_once(
    greenroom: Run, wire: InProcess, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal has taken the first one, and its answer does not arrive."""
    send, lost = wire.send, []

    def losing(request: requests.PreparedRequest, **more: object) -> requests.Response:
        answer = send(request, **more)
        if request.method == "POST" and not lost:
            lost.append(answer)
            raise requests.ConnectionError("reset")
        return answer

    monkeypatch.setattr(wire, "send", losing)
    assert greenroom("swap", "contoso") == Exit.DONE
    assert lost and Operation.objects.filter(kind="swap").count() == 1


def test_a_portal_that_does_not_answer_is_named(
    greenroom: Run, wire: InProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(*_: object, **__: object) -> None:
        raise requests.ConnectionError("refused")

    monkeypatch.setattr(wire, "send", away)
    monkeypatch.setattr("client.api.PATIENCE_SECONDS", 0.0)
    assert greenroom("sites") == Exit.UNREACHABLE
    assert capsys.readouterr().err == "http://localhost:8080 does not answer (connection).\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("swap", "nowhere"), Exit.REFUSED),
        (("swap",), 2),
        (("swap", "contoso", "--timeout", "x"), 2),
        (("nonsense",), 2),
        (("--help",), 0),
        (("swap", "a/../b"), Exit.REFUSED),
    ],
    ids=str,
)
def test_each_end_has_its_code(greenroom: Run, arguments: tuple[str, ...], code: int) -> None:
    assert greenroom(*arguments) == code


def test_every_exit_code_is_explained() -> None:
    assert MEANINGS.keys() == set(Exit) and 2 not in list(Exit)


def test_what_a_portal_says_cannot_act_on_the_terminal(
    greenroom: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hostile(*_: object, **__: object) -> None:
        raise Ended(Exit.REFUSED, "red \x1b[31m")

    monkeypatch.setattr("client.api.Portal.get", hostile)
    greenroom("sites")
    assert "\x1b" not in capsys.readouterr().err


def test_maintenance_is_switched_with_its_page(
    greenroom: Run, domain: Domain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    page.write_text("<b>Später</b>")
    assert greenroom("maintenance", "on", "contoso", "--page", str(page), "--retry-after", "60") == Exit.DONE
    assert "get its maintenance page" in capsys.readouterr().out
    assert greenroom("maintenance", "on", "contoso", "--slot", "staging", "--json") == Exit.DONE
    assert json.loads(capsys.readouterr().out)["state"] == "succeeded"
    assert greenroom("maintenance", "off", "contoso") == Exit.DONE
    assert [slot.is_in_maintenance for slot in Slot.objects.order_by("name")] == [False, True]
    assert Slot.objects.get(name="production").maintenance_page.html == "<b>Später</b>"
    assert greenroom("maintenance", "on", "nowhere") == Exit.REFUSED


def test_who_may_visit_is_shown_and_said(
    greenroom: Run, domain: Domain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    assert greenroom("visitors", "contoso") == Exit.DONE
    assert "others: everybody" in capsys.readouterr().out
    said = ("--others", "password", "--address", "192.0.2.7", "--password-file", str(file))
    assert greenroom("visitors", "contoso", *said) == Exit.DONE
    assert "whoever knows the password may visit" in capsys.readouterr().out
    assert greenroom("visitors", "contoso") == Exit.DONE
    assert "192.0.2.7/32" in capsys.readouterr().out
    assert Slot.objects.get(name="staging").visitor_rule.password
    assert greenroom("visitors", "contoso", "--address", "192.0.2.7") == Exit.REFUSED
