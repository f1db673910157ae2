"""Web sites and slots are what they are in the portal, in the words of Azure."""

import pytest

from sites.models import Mode, Operation, Site, Slot
from tests.domain import Domain
from tests.sites.arm.client import Azure, azure_of


def creation(azure: Azure, plan: str = "standard", **properties: object) -> dict[str, object]:
    """What `az webapp create` sends."""
    farm = f"{azure.sites.removesuffix('/sites')}/serverfarms/{plan}"
    settings = [{"name": "WEBSITE_NODE_DEFAULT_VERSION", "value": "detected"}]
    return {
        "location": "local",
        "properties": {
            "serverFarmId": farm,
            "httpsOnly": False,
            "siteConfig": {"alwaysOn": True, "appSettings": settings},
            **properties,
        },
    }


def test_a_web_site_is_created_as_az_asks_for_it(domain: Domain, azure: Azure) -> None:
    assert azure.ask("GET", f"{azure.sites.removesuffix('/sites')}/serverfarms/Standard").json()["sku"]["name"] == "S1"
    checked = azure.ask(
        "POST",
        f"{azure.subscription}/providers/Microsoft.Web/checknameavailability",
        {"name": "contoso", "type": "Microsoft.Web/sites"},
    )
    assert checked.json()["nameAvailable"] is True
    answer = azure.ask("PUT", "contoso", creation(azure))
    assert answer.status_code == 202 and answer["Azure-AsyncOperation"] and answer["Retry-After"] == "1"
    assert azure.ask("GET", answer["Azure-AsyncOperation"].removeprefix("http://localhost"), version="").json()[
        "status"
    ] == ("InProgress")
    azure.work()
    status = azure.ask("GET", answer["Azure-AsyncOperation"].removeprefix("http://localhost"), version="")
    assert status.json()["status"] == "Succeeded"
    shown = azure.ask("GET", "contoso").json()
    assert (shown["name"], shown["kind"], shown["type"]) == ("contoso", "app", "Microsoft.Web/sites")
    assert shown["properties"]["state"] == "Running" and shown["properties"]["hostNames"] == ["contoso.localhost"]
    listed = azure.done("POST", "contoso/config/appsettings/list").json()
    assert listed["properties"] == {"WEBSITE_NODE_DEFAULT_VERSION": "detected"}
    assert azure.ask("GET", "contoso/config/web").json()["properties"]["alwaysOn"] is True


def test_creating_it_again_changes_nothing(domain: Domain, azure: Azure) -> None:
    azure.done("PUT", "contoso", creation(azure))
    count = Operation.objects.count()
    assert azure.ask("PUT", "contoso", creation(azure)).status_code == 200
    assert Operation.objects.count() == count
    shown = azure.ask("GET", "contoso").json()
    assert azure.ask("PUT", "contoso", shown).status_code == 200  # what a client was shown is no change
    assert Operation.objects.count() == count


def test_another_plan_is_another_mode(domain: Domain, azure: Azure) -> None:
    azure.done("PUT", "contoso", creation(azure))
    assert azure.done("PUT", "contoso", creation(azure, "Shared")).status_code == 202
    assert Site.objects.get().mode == Mode.SHARED


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"reserved": True}, "reserved"),
        ({"clientAffinityEnabled": True}, "clientAffinityEnabled"),
        ({"siteConfig": {"linuxFxVersion": "PYTHON|3.12"}}, "linuxFxVersion"),
        ({"siteConfig": {"http20Enabled": False}}, "http20Enabled"),
        ({"siteConfig": {"autoSwapSlotName": "production"}}, "auto swap"),
        ({"serverFarmId": "premium"}, "premium"),
    ],
)
def test_what_greenroom_does_not_have_is_named_and_nothing_is_created(
    domain: Domain, azure: Azure, properties: dict[str, object], named: str
) -> None:
    answer = azure.ask("PUT", "contoso", creation(azure, **properties))
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "NotOffered"
    assert named in answer.json()["error"]["message"]
    assert not Site.objects.exists()


def test_a_setting_that_cannot_be_is_refused_and_nothing_is_created(domain: Domain, azure: Azure) -> None:
    settings = {"siteConfig": {"appSettings": [{"name": "a b", "value": "x"}]}}
    answer = azure.ask("PUT", "contoso", creation(azure, **settings))
    assert answer.json()["error"]["code"] == "SettingRefused" and not Site.objects.exists()


def test_a_slot_is_created_listed_and_deleted_and_production_stays(domain: Domain, azure: Azure) -> None:
    domain.create()
    plan = azure.ask("GET", "contoso").json()["properties"]["serverFarmId"]
    body = {"location": "local", "properties": {"serverFarmId": plan, "httpsOnly": False, "siteConfig": {}}}
    refused = azure.ask("PUT", "contoso/slots/blue", body)
    assert refused.status_code >= 400 and "staging" in refused.json()["error"]["message"]
    assert azure.done("PUT", "contoso/slots/staging", body).status_code == 202
    assert azure.done("PUT", "contoso/slots/staging", body).status_code == 200
    (listed,) = azure.ask("GET", "contoso/slots").json()["value"]
    assert (listed["name"], listed["properties"]["name"]) == ("contoso/staging", "contoso(staging)")
    assert azure.done("DELETE", "contoso/slots/staging").status_code == 200
    assert azure.done("DELETE", "contoso/slots/staging").status_code == 204
    assert list(Slot.objects.values_list("name", flat=True)) == ["production"]


def test_no_address_of_a_slot_deletes_the_web_site(domain: Domain, azure: Azure, slots: tuple[Slot, Slot]) -> None:
    for path in ("contoso/slots/production", "contoso/slots/", "contoso/slots", "contoso/slots/other"):
        azure.done("DELETE", path)
    assert Site.objects.filter(name="contoso").exists() and Slot.objects.count() == 2


def test_a_web_site_is_deleted_and_a_second_time_there_is_none(domain: Domain, azure: Azure) -> None:
    domain.create()
    assert azure.done("DELETE", "contoso?deleteMetrics=true&deleteEmptyServerFarm=true").status_code == 200
    assert azure.done("DELETE", "contoso").status_code == 204
    assert not Site.objects.exists()


def test_start_stop_and_restart_are_answered_when_they_are_done(
    domain: Domain, azure: Azure, slots: tuple[Slot, Slot]
) -> None:
    for command, state in (("stop", "Stopped"), ("stop", "Stopped"), ("start", "Running"), ("restart", "Running")):
        answer = azure.done("POST", f"contoso/slots/staging/{command}")
        assert (answer.status_code, answer.content) == (200, b"")
        assert azure.ask("GET", "contoso/slots/staging").json()["properties"]["state"] == state


def test_what_fails_is_answered_as_a_failure_that_no_library_tries_again(
    domain: Domain, azure: Azure, slots: tuple[Slot, Slot]
) -> None:
    domain.answer_everything("503")
    answer = azure.done("POST", "contoso/slots/staging/restart")
    assert answer.status_code == 409 and answer.json()["error"]["message"].count(".")


def test_the_list_needs_the_same_queries_for_any_number(
    domain: Domain, azure: Azure, django_assert_max_num_queries: object
) -> None:
    for name in ("one", "two", "three"):
        domain.create(name)
    azure.ask("GET", "")
    with django_assert_max_num_queries(9):
        assert len(azure.ask("GET", "").json()["value"]) == 3


def test_a_token_of_one_site_sees_its_subscription_and_nothing_else_of_it(domain: Domain) -> None:
    domain.create("one")
    domain.create("two")
    azure = azure_of(domain, "swap", site="one")
    (subscription,) = azure.ask("GET", "/subscriptions").json()["value"]
    assert subscription["displayName"] == "Default"
    assert [site["name"] for site in azure.ask("GET", "").json()["value"]] == ["one"]
    assert azure.ask("GET", "two").status_code == 404


def test_a_token_of_one_site_creates_and_deletes_no_other(domain: Domain) -> None:
    domain.create("one")
    domain.create("two")
    azure = azure_of(domain, site="one")
    count = Operation.objects.count()
    assert azure.ask("PUT", "three", creation(azure)).status_code == 404
    assert azure.ask("PUT", "two", creation(azure)).status_code == 404
    assert azure.ask("DELETE", "two").status_code == 204  # it sees none
    assert azure.ask("GET", f"{azure.sites}/two/config/web").status_code == 404
    assert Operation.objects.count() == count and Site.objects.count() == 2


def test_a_plan_stays_as_it_is_and_says_where_the_number_of_workers_belongs(azure: Azure) -> None:
    plans = f"{azure.sites.removesuffix('/sites')}/serverfarms"
    shown = azure.ask("GET", f"{plans}/standard").json()
    for method in ("PUT", "PATCH"):
        assert azure.ask(method, f"{plans}/standard", shown).json() == shown
        more = shown | {"sku": shown["sku"] | {"capacity": 3}}
        refused = azure.ask(method, f"{plans}/standard", more)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "NotOffered")
        command = "az webapp config set --number-of-workers 3"
        assert f"the number belongs to each slot ({command})" in refused.json()["error"]["message"]
    for other in ({"sku": {"name": "P1V3"}}, {"properties": {"zoneRedundant": True}}, {"location": "westeurope"}):
        assert azure.ask("PUT", f"{plans}/standard", other).json()["error"]["code"] == "NotOffered"
    created = azure.ask("PUT", f"{plans}/premium", {"sku": {"name": "P1V3"}})
    assert (created.status_code, created.json()["error"]["code"]) == (404, "AddressNotOffered")
    assert "serverfarms" in created.json()["error"]["message"]
