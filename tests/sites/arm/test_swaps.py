"""Swaps as az and its libraries ask for them and follow them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.http import HttpResponse

from sites.models import Operation, OperationState, Slot
from sites.services.settings import Entry
from tests.domain import Domain
from tests.sites.arm.client import Azure, azure_of

SLOT = "contoso/slots/staging"
INTO_PRODUCTION = {"targetSlot": "production", "preserveVnet": True}
"""What `az webapp deployment slot swap` sends."""


def followed(azure: Azure, answer: HttpResponse, header: str) -> HttpResponse:
    return azure.ask("GET", answer[header].removeprefix("http://localhost"), version="")


@contextmanager
def swapped(domain: Domain) -> Iterator[None]:
    """Within it production gets what staging had."""
    assert domain.serves("contoso.localhost") == "one"
    yield
    assert domain.serves("contoso.localhost") == "two"


@pytest.mark.parametrize(("path", "target"), [(SLOT, "production"), ("contoso", "staging"), (SLOT, "Production")])
def test_a_swap_is_followed_by_both_addresses_until_it_is_done(
    domain: Domain, azure: Azure, slots: tuple[Slot, Slot], path: str, target: str
) -> None:
    with swapped(domain):
        answer = azure.ask("POST", f"{path}/slotsswap", {"targetSlot": target, "preserveVnet": True})
        assert answer.status_code == 202
        assert followed(azure, answer, "Location").status_code == 202
        assert followed(azure, answer, "Azure-AsyncOperation").json()["status"] == "InProgress"
        azure.work()
        assert followed(azure, answer, "Location").status_code == 200
        assert followed(azure, answer, "Azure-AsyncOperation").json()["status"] == "Succeeded"
    status = azure.ask("GET", "contoso").json()["properties"]["slotSwapStatus"]
    assert {status["sourceSlotName"], status["destinationSlotName"]} == {"staging", "production"}


def test_a_swap_that_fails_says_why_at_both_addresses(domain: Domain, azure: Azure, slots: tuple[Slot, Slot]) -> None:
    domain.answer_everything("503")
    answer = azure.ask("POST", f"{SLOT}/slotsswap", INTO_PRODUCTION)
    azure.work()
    result, status = (followed(azure, answer, header) for header in ("Location", "Azure-AsyncOperation"))
    assert result.status_code == 409 and status.json()["status"] == "Failed"
    assert result.json()["error"] == status.json()["error"]
    assert "503" in result.json()["error"]["message"]
    assert domain.serves("contoso.localhost") == "one"


def test_a_preview_is_prepared_and_completed_by_a_swap(domain: Domain, azure: Azure, slots: tuple[Slot, Slot]) -> None:
    with swapped(domain):
        assert azure.done("POST", f"{SLOT}/applySlotConfig", INTO_PRODUCTION).status_code == 200
        assert azure.done("POST", f"{SLOT}/applySlotConfig", INTO_PRODUCTION).status_code == 200
        assert azure.ask("GET", SLOT).json()["properties"]["targetSwapSlot"] == "production"
        assert Operation.objects.filter(swap__isnull=False).count() == 1
        assert azure.done("POST", f"{SLOT}/slotsswap", INTO_PRODUCTION).status_code == 202
    assert Operation.objects.filter(swap__isnull=False, state=OperationState.SUCCEEDED).count() == 1


@pytest.mark.parametrize("path", ["contoso", SLOT, "contoso/slots/production"])
def test_a_preview_is_cancelled_from_either_slot_and_a_second_time_there_is_none(
    domain: Domain, azure: Azure, slots: tuple[Slot, Slot], path: str
) -> None:
    azure.done("POST", f"{SLOT}/applySlotConfig", INTO_PRODUCTION)
    for _ in range(2):
        assert azure.done("POST", f"{path}/resetSlotConfig").status_code == 200
    assert Operation.objects.get(swap__isnull=False).state == OperationState.CANCELLED
    assert domain.serves("contoso.localhost") == "one"


def test_differences_say_what_travels_and_hide_what_is_secret(
    domain: Domain, azure: Azure, slots: tuple[Slot, Slot]
) -> None:
    for slot in slots:
        domain.save(slot, Entry("STAYS", f"of {slot.name}", is_sticky=True), Entry("GOES", f"with {slot.name}"))
    found = azure.ask("POST", f"{SLOT}/slotsdiffs", INTO_PRODUCTION).json()["value"]
    rules = {one["properties"]["settingName"]: one["properties"]["diffRule"] for one in found}
    assert rules == {"STAYS": "SettingsWillNotBeSwapped", "GOES": "SettingsWillBeSwapped"}
    assert "of staging" not in str(found)


def test_whoever_comes_second_is_refused_with_who_has_the_slot(
    domain: Domain, azure: Azure, slots: tuple[Slot, Slot]
) -> None:
    azure.ask("POST", f"{SLOT}/slotsswap", INTO_PRODUCTION)
    answer = azure.ask("POST", f"{SLOT}/slotsswap", INTO_PRODUCTION)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "SlotBusy")
    assert "alice" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [None, {}, {"targetSlot": "staging"}, {"targetSlot": "other"}, {"targetSlot": 7}, {**INTO_PRODUCTION, "x": 1}],
)
def test_a_swap_with_nothing_sensible_is_refused(azure: Azure, slots: tuple[Slot, Slot], body: object) -> None:
    count = Operation.objects.count()
    answer = azure.ask("POST", f"{SLOT}/slotsswap", body)
    assert 400 <= answer.status_code < 500 and answer.json()["error"]["message"].endswith(".")
    assert Operation.objects.count() == count


@pytest.mark.parametrize("command", ["slotsswap", "applySlotConfig", "resetSlotConfig"])
@pytest.mark.parametrize(("scopes", "user"), [(("read",), "alice"), (("publish",), "alice"), (("swap",), "bob")])
def test_neither_a_token_without_the_scope_nor_a_reader_swaps(
    domain: Domain, slots: tuple[Slot, Slot], command: str, scopes: tuple[str, ...], user: str
) -> None:
    azure = azure_of(domain, *scopes, user=user)
    body = None if command == "resetSlotConfig" else INTO_PRODUCTION
    answer = azure.ask("POST", f"{SLOT}/{command}", body)
    assert answer.status_code == 403 and answer.json()["error"]["code"] in ("ScopeMissing", "NotAllowed")
    assert not Operation.objects.filter(swap__isnull=False).exists()
