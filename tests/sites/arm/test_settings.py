"""App settings, connection strings, sticky names and the general configuration, as az reads and writes them."""

import pytest

from sites.models import Category, Operation, Slot
from sites.services.settings import Entry, read_settings
from tests.domain import Domain
from tests.sites.arm.client import Azure

STAGING = "contoso/slots/staging"
pytestmark = pytest.mark.usefixtures("slots")


def entries(slot: Slot, category: Category = Category.APP_SETTINGS) -> list[tuple[str, str, bool]]:
    slot.refresh_from_db()
    return [(entry.name, entry.value, entry.is_sticky) for entry in read_settings(slot, category)]


def test_settings_are_set_with_those_that_stay_with_the_slot(azure: Azure, slots: tuple[Slot, Slot]) -> None:
    """`az webapp config appsettings set --slot staging --settings A=1 --slot-settings B=2`"""
    listed = azure.done("POST", f"{STAGING}/config/appsettings/list").json()
    assert listed["properties"] == {}
    names = azure.ask("GET", "contoso/config/slotConfigNames").json()
    names["properties"]["appSettingNames"].append("B")
    assert azure.done("PUT", "contoso/config/slotConfigNames", names).status_code == 200
    answer = azure.done("PUT", f"{STAGING}/config/appsettings", listed | {"properties": {"A": "1", "B": "2"}})
    assert (answer.status_code, answer.json()["properties"]) == (200, {"A": "1", "B": "2"})
    assert entries(slots[1]) == [("A", "1", False), ("B", "2", True)]
    assert azure.done("POST", f"{STAGING}/config/appsettings/list").json()["properties"] == {"A": "1", "B": "2"}
    assert Operation.objects.filter(outcome__contains="were shown: A, B").count() == 1


def test_the_same_settings_again_begin_nothing(azure: Azure, slots: tuple[Slot, Slot]) -> None:
    body = {"properties": {"A": "1"}}
    azure.done("PUT", f"{STAGING}/config/appsettings", body)
    count = Operation.objects.count()
    assert azure.ask("PUT", f"{STAGING}/config/appsettings", body).status_code == 200
    assert Operation.objects.count() == count


def test_a_name_sticks_in_every_slot_and_is_let_go_again(
    domain: Domain, azure: Azure, slots: tuple[Slot, Slot]
) -> None:
    for slot in slots:
        domain.save(slot, Entry("MARK", slot.name))
    body = {"properties": {"appSettingNames": ["MARK"]}}
    assert azure.ask("PUT", "contoso/config/slotConfigNames", body).json()["properties"]["appSettingNames"] == ["MARK"]
    assert [entries(slot) for slot in slots] == [[("MARK", "production", True)], [("MARK", "staging", True)]]
    assert Operation.objects.filter(outcome__contains="MARK stays with its slot").count() == 1
    azure.ask("PUT", "contoso/config/slotConfigNames", body)
    assert Operation.objects.filter(outcome__contains="MARK stays with its slot").count() == 1
    azure.ask("PUT", "contoso/config/slotConfigNames", {"properties": {"appSettingNames": []}})
    assert [entries(slot) for slot in slots] == [[("MARK", "production", False)], [("MARK", "staging", False)]]


def test_connection_strings_keep_their_types(azure: Azure, slots: tuple[Slot, Slot]) -> None:
    body = {"properties": {"DB": {"value": "server=a", "type": "SQLAzure"}, "X": {"value": "b", "type": "custom"}}}
    assert azure.done("PUT", "contoso/config/connectionstrings", body).status_code == 200
    listed = azure.done("POST", "contoso/config/connectionstrings/list").json()["properties"]
    assert listed == {"DB": {"value": "server=a", "type": "SQLAzure"}, "X": {"value": "b", "type": "Custom"}}
    refused = azure.ask(
        "PUT", "contoso/config/connectionstrings", {"properties": {"Q": {"value": "", "type": "DocDb"}}}
    )
    assert refused.status_code == 400 and "DocDb" in refused.json()["error"]["message"]


def test_auto_swap_is_switched_on_and_off(azure: Azure, slots: tuple[Slot, Slot]) -> None:
    """`az webapp deployment slot auto-swap`, which sends back the whole configuration."""
    for target, is_on in (("production", True), ("", False)):
        body = azure.ask("GET", f"{STAGING}/config/web").json()
        body["properties"]["autoSwapSlotName"] = target
        assert azure.done("PATCH", f"{STAGING}/config/web", body).status_code == 200
        slots[1].refresh_from_db()
        assert slots[1].is_auto_swapped is is_on
    refused = azure.ask("PATCH", f"{STAGING}/config/web", {"properties": {"autoSwapSlotName": "staging2"}})
    assert refused.json()["error"]["code"] == "NotOffered"


def test_the_general_configuration_is_changed_and_shown(azure: Azure, slots: tuple[Slot, Slot]) -> None:
    wanted = {
        "alwaysOn": True,
        "webSocketsEnabled": False,
        "httpLoggingEnabled": True,
        "appCommandLine": "python app.py",
        "defaultDocuments": ["start.html"],
    }
    answer = azure.done("PATCH", f"{STAGING}/config/web", {"properties": wanted})
    assert answer.json()["properties"].items() >= wanted.items()
    shown = azure.ask("GET", f"{STAGING}/config/web").json()
    assert shown["properties"].items() >= wanted.items()
    count = Operation.objects.count()
    assert azure.ask("PUT", f"{STAGING}/config/web", shown).status_code == 200
    assert Operation.objects.count() == count


@pytest.mark.parametrize(
    "properties",
    [
        {"linuxFxVersion": "NODE|22"},
        {"experiments": {"rampUpRules": [{"name": "staging", "reroutePercentage": 10}]}},
        {"ftpsState": "AllAllowed"},
    ],
)
def test_what_there_is_not_is_named_and_nothing_is_saved(azure: Azure, properties: dict[str, object]) -> None:
    count = Operation.objects.count()
    answer = azure.ask("PATCH", f"{STAGING}/config/web", {"properties": {"alwaysOn": True, **properties}})
    assert answer.status_code == 400 and next(iter(properties)) in answer.json()["error"]["message"]
    assert Operation.objects.count() == count


def test_https_only_is_saved_by_what_az_sends_back(azure: Azure, slots: tuple[Slot, Slot], settings: object) -> None:
    settings.HTTPS_PORT = 8443
    body = azure.ask("GET", "contoso").json()
    body["properties"]["httpsOnly"] = True
    assert azure.done("PUT", "contoso", body).json()["properties"]["httpsOnly"] is True
    slots[0].refresh_from_db()
    assert slots[0].is_https_only


def test_the_instance_count_of_one_slot_is_changed_alone_and_never_cloned(
    azure: Azure, slots: tuple[Slot, Slot]
) -> None:
    """`az webapp config set --number-of-workers 3`, which sends back the whole configuration."""
    body = azure.ask("GET", "contoso/config/web").json()
    assert "numberOfWorkers" not in body["properties"]
    body["properties"]["numberOfWorkers"] = 3
    assert azure.done("PATCH", "contoso/config/web", body).status_code == 200
    counts = [slot.instance_count for slot in Slot.objects.order_by("-is_production")]
    assert counts == [3, 1]
    shown = azure.ask("GET", "contoso").json()
    assert shown["properties"]["siteConfig"] == {"numberOfWorkers": 3}
    count = Operation.objects.count()
    assert azure.ask("PUT", "contoso", shown).status_code == 200
    shown["properties"]["siteConfig"]["numberOfWorkers"] = 2
    assert azure.ask("PUT", "contoso", shown).json()["error"]["code"] == "NotOffered"
    for properties, code in (
        ({"numberOfWorkers": 2, "alwaysOn": True}, "Refused"),
        ({"numberOfWorkers": 99}, "InstanceCountRefused"),
        ({"numberOfWorkers": "2"}, "RequestRefused"),
    ):
        refused = azure.ask("PATCH", "contoso/config/web", {"properties": properties})
        assert refused.json()["error"]["code"] == code, refused.json()
    assert Operation.objects.count() == count
