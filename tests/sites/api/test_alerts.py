"""Alert rules, for programs."""

from django.utils import timezone

from sites.models import Alert, Category, EndpointCheck, Slot
from sites.services.settings import Entry, read_settings
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of, program_of

ADDRESS = "/sites/contoso/slots/production/alert-rules"
RULE = {"rule": "5xx above 20 for 5 min"}


def test_a_rule_is_made_replaced_and_removed(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    assert domain.work(operation_of(program.put(f"{ADDRESS}/Errors", RULE))).state == "succeeded"
    assert program.get(ADDRESS).json() == [
        {"name": "Errors", "rule": RULE["rule"], "measure": "5xx", "state": "quiet", "since": None}
    ]
    domain.work(operation_of(program.put(f"{ADDRESS}/Errors", {"rule": "5xx above 5 for 1 min"})))
    Alert.objects.create(slot=slots[0], name="Errors", rule="5xx above 5 for 1 min", fired_at=timezone.now())
    (said,) = program.get(ADDRESS).json()
    assert (said["rule"], said["state"]) == ("5xx above 5 for 1 min", "fired") and said["since"]
    domain.work(operation_of(program.delete(f"{ADDRESS}/Errors")))
    assert program.get(ADDRESS).json() == []
    assert program.delete(f"{ADDRESS}/Errors").status_code == 404


def test_it_is_a_setting_among_the_others(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    settings = "/sites/contoso/slots/staging/settings"
    asked = {"monitoring": {"alert:Errors": RULE["rule"], "web_server_logging": "on"}}
    domain.work(operation_of(program.patch(settings, asked)))
    assert read_settings(slots[1], Category.MONITORING) == [
        Entry("alert:Errors", RULE["rule"]), Entry("web_server_logging", "on"),
    ]  # fmt: skip
    assert [one["name"] for one in program.get(settings).json()["entries"]["monitoring"]] == [
        "alert:Errors", "web_server_logging",
    ]  # fmt: skip


def test_web_endpoints_are_settings_and_say_what_was_found(
    domain: Domain, program: Program, slots: tuple[Slot, Slot]
) -> None:
    url = "https://www.example.org/health"
    asked = {"monitoring": {"endpoint_2": url}}
    domain.work(operation_of(program.patch("/sites/contoso/slots/production/settings", asked)))
    address = "/sites/contoso/slots/production/endpoints"
    (said,) = program.get(address).json()
    assert (said["number"], said["url"], said["health"]) == (2, url, "unknown")
    check = {"slot": slots[0], "name": "endpoint_2", "url": url, "checked_at": timezone.now()}
    EndpointCheck.objects.create(**check, status=503, milliseconds=12, fault="The answer was 503.")
    (said,) = program.get(address).json()
    assert (said["health"], said["status"], said["fault"]) == ("bad", 503, "The answer was 503.")


def test_what_cannot_be_and_who_may_not_are_refused(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    refused = program.put(f"{ADDRESS}/Errors", {"rule": "errors"})
    assert (refused.status_code, refused.json()["code"]) == (400, "SettingRefused")
    for one in (program_of(domain.alice, "swap"), program_of(domain.bob)):
        assert one.get(ADDRESS).status_code == 200
        assert one.put(f"{ADDRESS}/Errors", RULE).status_code == 403
        assert one.delete(f"{ADDRESS}/Errors").status_code == 403
    assert read_settings(slots[0], Category.MONITORING) == []
