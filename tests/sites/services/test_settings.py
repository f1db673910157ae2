"""Configuration is saved whole or not at all, and rolls out without a lost request."""

import pytest

from sites.errors import Outdated, SettingRefused, SlotBusy
from sites.models import Category, RevisionState, Slot, SlotSetting
from sites.services import settings as service
from sites.services import slots, swaps
from sites.services.settings import Entry
from tests.domain import Domain

APP = Category.APP_SETTINGS
CONNECTIONS = Category.CONNECTION_STRINGS


def save(domain: Domain, slot: Slot, category: Category, *entries: Entry) -> None:
    operation = service.save_settings(acting_user=domain.alice, slot=slot, category=category, entries=list(entries))
    assert domain.work(operation).state == "succeeded", operation.outcome
    slot.refresh_from_db()


def environment(domain: Domain, host: str = "contoso.localhost") -> dict[str, str]:
    return domain.revision_behind(host).runnable["env"]


def test_settings_reach_the_process_under_the_names_that_applications_expect(domain: Domain) -> None:
    production, _staging = domain.staged()
    save(domain, production, APP, Entry("COLOUR", "blue"))
    strings = [Entry(kind, "secret", kind) for kind in service.CONNECTION_KINDS]
    save(domain, production, CONNECTIONS, *strings)
    assert environment(domain) == {
        "WEBSITE_SITE_NAME": "contoso",
        "COLOUR": "blue",
        "APPSETTING_COLOUR": "blue",
        "SQLCONNSTR_SQLServer": "secret",
        "MYSQLCONNSTR_MySql": "secret",
        "SQLAZURECONNSTR_SQLAzure": "secret",
        "POSTGRESQLCONNSTR_PostgreSQL": "secret",
        "CUSTOMCONNSTR_Custom": "secret",
    }


def test_values_are_encrypted_at_rest(domain: Domain) -> None:
    production, _staging = domain.staged()
    save(domain, production, APP, Entry("COLOUR", "blue"))
    stored = SlotSetting.objects.extra(select={"raw": "value"}).values_list("raw", flat=True)
    assert all("blue" not in raw for raw in stored)


def test_a_changed_setting_brings_new_warm_instances_and_drains_the_old(domain: Domain) -> None:
    production, _staging = domain.staged()
    old = production.live_revision
    save(domain, production, APP, Entry("COLOUR", "blue"))
    old.refresh_from_db()
    assert production.live_revision != old
    assert old.state == RevisionState.DRAINING


@pytest.mark.parametrize(
    ("category", "entry", "reason"),
    [
        (APP, Entry("MY KEY", "x"), "use letters, digits, underscore and dot"),
        (APP, Entry("1ST", "x"), "not at the beginning a digit"),
        (APP, Entry("PORT", "80"), "Greenroom sets that variable itself"),
        (CONNECTIONS, Entry("DB", "x", "Oracle"), "its type must be one of SQLServer"),
        (Category.MOUNTS, Entry("data", "/etc"), "below /data or /mnt"),
        (Category.GENERAL, Entry("web_sockets", "maybe"), "it is on or off"),
        (Category.WARMUP, Entry("paths", "health"), "does not begin with a slash"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_reason_and_nothing_is_saved(
    domain: Domain, category: Category, entry: Entry, reason: str
) -> None:
    production, _staging = domain.staged()
    with pytest.raises(SettingRefused, match=reason) as refusal:
        service.save_settings(acting_user=domain.alice, slot=production, category=category, entries=[entry])
    assert entry.name in str(refusal.value)
    assert not SlotSetting.objects.exists()


def test_a_name_sticks_in_every_slot_or_in_none(domain: Domain) -> None:
    production, staging = domain.staged()
    save(domain, production, APP, Entry("MARK", "p"))
    save(domain, staging, APP, Entry("MARK", "s"))
    save(domain, production, APP, Entry("MARK", "p", is_sticky=True))
    assert service.read_settings(staging, APP) == [Entry("MARK", "s", is_sticky=True)]
    save(domain, staging, APP, Entry("MARK", "s"))
    assert service.read_settings(production, APP) == [Entry("MARK", "p")]


def test_the_later_of_two_editors_is_told_who_was_first(domain: Domain) -> None:
    production, _staging = domain.staged()
    seen = service.state_of(production, [APP])
    save(domain, production, APP, Entry("COLOUR", "blue"))
    with pytest.raises(Outdated, match="alice saved the configuration of 'contoso' at"):
        service.save_categories(
            acting_user=domain.alice, slot=production, categories={APP: [Entry("COLOUR", "red")]}, expected=seen
        )
    assert service.read_settings(production, APP) == [Entry("COLOUR", "blue")]
    seen = service.state_of(production, [APP])
    operation = service.save_categories(
        acting_user=domain.alice, slot=production, categories={APP: [Entry("COLOUR", "red")]}, expected=seen
    )
    assert domain.work(operation).state == "succeeded"


def test_settings_are_held_while_an_operation_is_open(domain: Domain) -> None:
    production, _staging = domain.staged()
    slots.restart(acting_user=domain.alice, slot=production)
    with pytest.raises(SlotBusy):
        service.save_settings(
            acting_user=domain.alice, slot=production, category=APP, entries=[Entry("COLOUR", "blue")]
        )


def test_shared_connection_strings_are_named_until_they_differ(domain: Domain) -> None:
    site = domain.create()
    production = site.slots.get()
    save(domain, production, CONNECTIONS, Entry("DB", "orders", "MySql"), Entry("CACHE", "one", "Custom"))
    staging = domain.enable(site)
    assert service.shared_connection_strings(staging) == ["CACHE", "DB"]
    save(domain, staging, CONNECTIONS, Entry("DB", "orders-staging", "MySql"), Entry("CACHE", "one", "Custom"))
    assert service.shared_connection_strings(staging) == ["CACHE"]
    assert service.shared_connection_strings(production) == []


def test_cloning_can_be_left_out(domain: Domain) -> None:
    site = domain.create()
    save(domain, site.slots.get(), APP, Entry("COLOUR", "blue"))
    operation = slots.enable_staged_publishing(acting_user=domain.alice, site=site, is_cloned=False)
    domain.work(operation)
    assert service.read_settings(site.slots.get(name="staging"), APP) == []


def test_what_depends_on_the_slot_enters_the_environment_only_on_request(domain: Domain) -> None:
    production, _staging = domain.staged()
    assert "WEBSITE_SLOT_NAME" not in environment(domain)
    save(domain, production, Category.GENERAL, Entry("slot_environment", "on"))
    assert environment(domain)["WEBSITE_SLOT_NAME"] == "Production"
    assert environment(domain)["WEBSITE_HOSTNAME"] == "contoso.localhost"


def test_web_sockets_off_reaches_the_routes(domain: Domain) -> None:
    production, _staging = domain.staged()
    assert domain.router.answer("contoso.localhost").allows_web_sockets
    save(domain, production, Category.GENERAL, Entry("web_sockets", "off"))
    assert not domain.router.answer("contoso.localhost").allows_web_sockets


def test_persistent_folders_stay_with_their_slot(domain: Domain) -> None:
    production, staging = domain.staged()
    save(domain, production, Category.MOUNTS, Entry("data", "/data"))
    save(domain, staging, Category.MOUNTS, Entry("data", "/data"))
    folders = [
        domain.revision_behind(host).runnable["mounts"][0]["source"]
        for host in ("contoso.localhost", "contoso-staging.localhost")
    ]
    assert folders[0].endswith(f"slot-{production.pk}/data")
    assert folders[1].endswith(f"slot-{staging.pk}/data")


def test_a_persistent_folder_can_be_marked_travelling(domain: Domain) -> None:
    production, staging = domain.staged()
    save(domain, staging, Category.MOUNTS, Entry("index", "/data", service.TRAVELLING))
    assert service.read_settings(staging, Category.MOUNTS) == [Entry("index", "/data", service.TRAVELLING)]
    before = domain.revision_behind("contoso-staging.localhost").runnable["mounts"]
    domain.work(swaps.request_swap(acting_user=domain.alice, source=staging, target=production))
    assert domain.revision_behind("contoso.localhost").runnable["mounts"] == before
