"""Alert rules, web endpoints and event targets by the client."""

import io
import json
from collections.abc import Callable

import pytest

from client.commands import targets
from client.exits import Exit
from sites.models import Category, Delivery, DeliveryState, EventTarget, Slot
from sites.services.settings import Entry, read_settings
from tests.client.conftest import InProcess

Run = Callable[..., int]
Captured = pytest.CaptureFixture[str]
RULE = "5xx above 20 for 5 min"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What becomes of each delivery that waits, one at each look; without one it goes on waiting."""
    found: list[dict[str, object]] = []

    def sleep(seconds: float) -> None:
        waiting = Delivery.objects.filter(state=DeliveryState.PENDING, attempts=0).last()
        if found and waiting is not None:
            Delivery.objects.filter(pk=waiting.pk).update(attempts=1, **found.pop(0))

    monkeypatch.setattr(targets.time, "sleep", sleep)
    return found


def test_a_rule_is_added_listed_and_removed(greenroom: Run, capsys: Captured) -> None:
    assert greenroom("alerts", "add", "contoso", "50% of it?", RULE) == Exit.DONE
    capsys.readouterr()
    assert greenroom("alerts", "list", "contoso") == Exit.DONE
    assert capsys.readouterr().out == f"50% of it?\t{RULE}\tquiet\t\n"
    assert greenroom("alerts", "add", "contoso", "Errors", "5xx above many for 5 min") == Exit.REFUSED
    assert greenroom("alerts", "list", "contoso", "--json") == Exit.DONE
    assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["quiet"]
    assert greenroom("alerts", "remove", "contoso", "50% of it?") == Exit.DONE
    assert greenroom("alerts", "remove", "contoso", "50% of it?") == Exit.REFUSED
    assert "'contoso' has no alert rule '50% of it?' in its slot 'production'" in capsys.readouterr().err
    assert greenroom("alerts", "list", "contoso", "--slot", "other") == Exit.REFUSED


def test_a_web_endpoint_is_set_listed_and_removed(greenroom: Run, slots: tuple[Slot, Slot], capsys: Captured) -> None:
    url = "https://www.example.org/health"
    for _ in range(2):
        assert greenroom("endpoints", "set", "contoso", "2", url, "--slot", "staging") == Exit.DONE
    assert "It was so already" in capsys.readouterr().err
    assert greenroom("endpoints", "list", "contoso", "--slot", "staging") == Exit.DONE
    assert capsys.readouterr().out == f"2\t{url}\tunknown\t\t\t\n"
    assert greenroom("endpoints", "remove", "contoso", "2", "--slot", "staging") == Exit.DONE
    assert read_settings(slots[1], Category.MONITORING) == []
    assert greenroom("endpoints", "set", "contoso", "3", url) == 2


def test_a_target_is_added_tried_and_removed(
    greenroom: Run, answers: list[dict[str, object]], capsys: Captured
) -> None:
    assert greenroom("targets", "add", "Chat", "https://chat.example.org/s3cret", "--site", "contoso") == Exit.DONE
    assert capsys.readouterr().out.startswith("whsec_")
    target = EventTarget.objects.get()
    assert (target.types, target.format) == (["alert.fired", "alert.ended"], "cloudevents")
    assert greenroom("targets", "list") == Exit.DONE
    assert capsys.readouterr().out == f"Chat\tcloudevents\tchat.example.org\tcontoso\tenabled\t{target.public_id}\n"
    answers += [{"state": DeliveryState.SUCCEEDED}, {"fault": "the answer was 500."}]
    assert greenroom("targets", "test", "Chat") == Exit.DONE
    assert "'Chat' at chat.example.org has taken the test." in capsys.readouterr().err
    assert greenroom("targets", "test", str(target.public_id), "--json") == Exit.FAILED
    said = capsys.readouterr()
    assert json.loads(said.out)[0]["fault"] == "the answer was 500." in said.err.partition("test: ")[2]
    assert greenroom("targets", "remove", "Chat") == Exit.DONE
    assert greenroom("targets", "remove", "Chat") == Exit.REFUSED
    assert not EventTarget.objects.exists()


def test_alerts_are_tried_at_every_target_that_is_told_of_them(
    greenroom: Run, answers: list[dict[str, object]], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert greenroom("alerts", "test", "contoso") == Exit.REFUSED
    assert "Nobody is told of alerts of 'contoso'" in capsys.readouterr().err
    for title, *more in (("all",), ("one", "--site", "contoso"), ("swaps", "--type", "swap.failed")):
        assert greenroom("targets", "add", title, "https://chat.example.org/", *more) == Exit.DONE
    answers += [{"state": DeliveryState.SUCCEEDED}] * 2
    assert greenroom("alerts", "test", "contoso") == Exit.DONE
    assert Delivery.objects.filter(state=DeliveryState.SUCCEEDED).count() == 2
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(targets.time, "monotonic", lambda: float(next(clock)))
    assert greenroom("alerts", "test", "contoso") == Exit.STILL_OPEN


def test_an_address_is_read_from_standard_input_so_that_no_list_of_processes_shows_it(
    greenroom: Run, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(targets.sys, "stdin", io.StringIO("https://chat.example.org/s3cret\n"))
    assert greenroom("targets", "add", "Chat", "-", "--format", "slack") == Exit.DONE
    assert EventTarget.objects.get().url == "https://chat.example.org/s3cret"


def test_nobody_has_to_wait_for_a_rule_to_be_saved(
    greenroom: Run, wire: InProcess, slots: tuple[Slot, Slot], capsys: Captured
) -> None:
    assert greenroom("alerts", "add", "contoso", "Errors", RULE, "--no-wait") == Exit.DONE
    assert "/operations/" in capsys.readouterr().out
    wire.work()
    assert read_settings(slots[0], Category.MONITORING) == [Entry("alert:Errors", RULE)]
