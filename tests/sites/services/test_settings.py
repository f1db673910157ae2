"""Configuration is saved whole or not at all, and rolls out without a lost request."""

import pytest

from sites import routing
from sites.errors import Outdated, SettingRefused, SlotBusy
from sites.general_settings import TITLES
from sites.models import Category, Deployment, RevisionState, SlotSetting
from sites.planning import configuration
from sites.services import settings as service
from sites.services import slots
from sites.services.setting_faults import CONNECTION_KINDS
from sites.services.settings import Entry
from tests.domain import Domain

APP = Category.APP_SETTINGS
CONNECTIONS = Category.CONNECTION_STRINGS


def environment(domain: Domain, host: str = "contoso.localhost") -> dict[str, str]:
    return domain.revision_behind(host).runnable["env"]


def test_settings_reach_the_process_under_the_names_that_applications_expect(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.save(production, Entry("COLOUR", "blue"))
    strings = [Entry(kind, "secret", kind) for kind in CONNECTION_KINDS]
    domain.save(production, *strings, category=CONNECTIONS)
    assert environment(domain) == {
        "WEBSITE_SITE_NAME": "contoso",
        "NODE_ENV": "production",
        "PYTHONUNBUFFERED": "1",
        "COLOUR": "blue",
        "APPSETTING_COLOUR": "blue",
        "SQLCONNSTR_SQLServer": "secret",
        "MYSQLCONNSTR_MySql": "secret",
        "SQLAZURECONNSTR_SQLAzure": "secret",
        "POSTGRESQLCONNSTR_PostgreSQL": "secret",
        "CUSTOMCONNSTR_Custom": "secret",
    }


def test_what_instances_get_unasked_is_replaced_by_an_app_setting(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.save(production, Entry("NODE_ENV", "development"))
    assert environment(domain)["NODE_ENV"] == "development"


def test_a_fallback_page_is_that_of_the_setting_or_else_of_the_content(domain: Domain) -> None:
    production, _staging = domain.staged()
    deployments = Deployment.objects.filter(pk=production.current_workload.active_deployment_id)
    deployments.update(traits={"fallback_page": "index.html"})
    found = []
    for page in ("", "app.html", "none"):
        domain.save(production, Entry("COLOUR", page or "x"))
        domain.save(production, *([Entry("fallback_page", page)] if page else []), category=Category.GENERAL)
        found.append(environment(domain).get("FALLBACK_PAGE"))
    assert found == ["index.html", "app.html", None]


def test_values_are_encrypted_at_rest(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.save(production, Entry("COLOUR", "blue"))
    stored = SlotSetting.objects.extra(select={"raw": "value"}).values_list("raw", flat=True)
    assert all("blue" not in raw for raw in stored)


def test_a_changed_setting_brings_new_warm_instances_and_drains_the_old(domain: Domain) -> None:
    production, _staging = domain.staged()
    old = production.live_revision
    domain.save(production, Entry("COLOUR", "blue"))
    old.refresh_from_db()
    assert production.live_revision != old
    assert old.state == RevisionState.DRAINING


@pytest.mark.parametrize(
    ("category", "entry", "reason"),
    [
        (APP, Entry("MY KEY", "x"), "letters from A to Z, digits and underscores"),
        (APP, Entry("GRÖSSE", "x"), "letters from A to Z"),
        (APP, Entry("1ST", "x"), "no digit first"),
        (APP, Entry("A" * 129, "x"), "at most 128 in all"),
        (APP, Entry("LONG", "x" * 131_072), "131,071 are possible"),
        (Category.DEFAULT_DOCUMENTS, Entry("x" * 9, "x" * 120_001), "longer than 120,000 bytes"),
        (APP, Entry("My.Dotted", "v"), "would drop one with a dot"),
        (CONNECTIONS, Entry("My.Db", "v", "Custom"), "would drop one with a dot"),
        (APP, Entry("ZERO", "a\0b"), "it contains a zero byte"),
        (APP, Entry("HALF", "a\ud83d"), "half of a character"),
        (APP, Entry("BIG", "😀" * 32_768), "131,071 are possible"),
        (CONNECTIONS, Entry("BIG", "😀" * 32_768, "Custom"), "131,071 are possible"),
        *((APP, Entry(name, "1"), "the shell that starts the application sets") for name in ("PWD", "IFS", "OPTIND")),
        (Category.GENERAL, Entry("start_command", "a\rb"), "it contains a line break"),
        (Category.GENERAL, Entry("start_command", "a\x1bb"), "control character U\\+001B"),
        (APP, Entry("PORT", "80"), "Greenroom sets that variable itself"),
        (APP, Entry("website_instance_id", "1"), "Greenroom sets that variable itself"),
        (APP, Entry("HANDLER_MAPPINGS", "{"), "Greenroom sets that variable itself"),
        (CONNECTIONS, Entry("DB", "x", "Oracle"), "its type must be one of SQLServer"),
        (Category.MOUNTS, Entry("data", "/etc"), "below /data or /mnt"),
        (Category.MOUNTS, Entry("data", "/database"), "below /data or /mnt"),
        (Category.MOUNTS, Entry("data", "/data/../etc"), "below /data or /mnt"),
        (Category.MOUNTS, Entry("data", "/mnt/."), "below /data or /mnt"),
        (Category.MOUNTS, Entry("data", "/app"), "or below /app"),
        (Category.MOUNTS, Entry("data", "/app/../etc"), "or below /app"),
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
    (fault,) = refusal.value.faults
    assert TITLES.get(entry.name, entry.name) in str(refusal.value) and fault.path[0] == category
    assert not SlotSetting.objects.exists()


def test_settings_that_no_process_could_be_started_with_are_refused_together(domain: Domain) -> None:
    production, _staging = domain.staged()
    entries = [Entry(f"LARGE{number}", "x" * 100_000) for number in range(6)]
    with pytest.raises(SettingRefused, match="all variables together would have"):
        service.save_settings(acting_user=domain.alice, slot=production, category=APP, entries=entries)
    assert not SlotSetting.objects.exists()
    domain.save(production, *entries[:4])


def test_a_swap_that_would_bring_too_many_variables_together_says_so(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(staging, *(Entry(f"TRAVELS{number}", "x" * 100_000) for number in range(4)))
    domain.save(production, *(Entry(f"STAYS{number}", "x" * 100_000, is_sticky=True) for number in range(4)))
    operation = domain.swap(staging, production)
    assert operation.state == "failed"
    assert "cannot be started: all variables together would have" in operation.outcome
    assert domain.serves("contoso.localhost") == "one"


def test_a_name_sticks_in_every_slot_or_in_none(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("MARK", "p"))
    domain.save(staging, Entry("MARK", "s"))
    domain.save(production, Entry("MARK", "p", is_sticky=True))
    assert service.read_settings(staging, APP) == [Entry("MARK", "s", is_sticky=True)]
    domain.save(staging, Entry("MARK", "s"))
    assert service.read_settings(production, APP) == [Entry("MARK", "p")]


def test_the_later_of_two_editors_is_told_who_was_first(domain: Domain) -> None:
    production, _staging = domain.staged()
    seen = service.state_of(production, [APP])
    domain.save(production, Entry("COLOUR", "blue"))
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


def test_who_edited_while_the_slots_were_swapped_is_told_of_the_swap(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("COLOUR", "blue"))
    seen = service.state_of(production, [APP])
    domain.swap(staging, production)
    with pytest.raises(Outdated, match="alice swapped 'contoso' at"):
        service.save_categories(
            acting_user=domain.alice, slot=production, categories={APP: [Entry("COLOUR", "red")]}, expected=seen
        )


def test_a_mark_set_in_the_other_slot_meanwhile_is_told_with_that_slot(domain: Domain) -> None:
    site = domain.create()
    staging = domain.enable(site)
    production = site.slots.get(is_production=True)
    rows = SlotSetting.objects.bulk_create(
        SlotSetting(site=site, category=APP, name="MARK", value=slot.name, workload=slot.workload)
        for slot in (production, staging)
    )
    assert len(rows) == 2
    seen = service.state_of(production, [APP])
    domain.save(staging, Entry("MARK", "staging", is_sticky=True))
    with pytest.raises(Outdated, match=r"alice saved the configuration of 'contoso \(staging\)' at"):
        service.save_categories(
            acting_user=domain.alice, slot=production, categories={APP: [Entry("MARK", "p")]}, expected=seen
        )


def test_settings_that_the_instances_do_not_start_with_are_said_to_be_saved_and_not_in_force(domain: Domain) -> None:
    production, _staging = domain.staged()
    before = domain.revision_behind("contoso.localhost")
    domain.answer_everything("500")
    operation = service.save_settings(
        acting_user=domain.alice, slot=production, category=APP, entries=[Entry("COLOUR", "blue")]
    )
    domain.work(operation)
    assert operation.state == "failed"
    assert "'contoso' goes on serving 'one'. The settings are saved but not in force" in operation.outcome
    assert domain.revision_behind("contoso.localhost") == before
    domain.answers = {}
    domain.work(slots.restart(acting_user=domain.alice, slot=production))
    assert environment(domain)["COLOUR"] == "blue"


def test_settings_of_a_stopped_slot_wait_for_its_start(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.work(slots.stop(acting_user=domain.alice, slot=production))
    operation = service.save_settings(
        acting_user=domain.alice, slot=production, category=APP, entries=[Entry("COLOUR", "blue")]
    )
    assert domain.work(operation).outcome.endswith("they are in force once it is started.")
    domain.work(slots.start(acting_user=domain.alice, slot=production))
    assert environment(domain)["COLOUR"] == "blue"


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
    domain.save(production, Entry("DB", "orders", "MySql"), Entry("CACHE", "one", "Custom"), category=CONNECTIONS)
    staging = domain.enable(site)
    assert service.shared_connection_strings(staging) == ["CACHE", "DB"]
    domain.save(staging, Entry("DB", "orders-staging", "MySql"), Entry("CACHE", "one", "Custom"), category=CONNECTIONS)
    assert service.shared_connection_strings(staging) == ["CACHE"]
    assert service.shared_connection_strings(production) == []


def test_cloning_can_be_left_out(domain: Domain) -> None:
    site = domain.create()
    domain.save(site.slots.get(), Entry("COLOUR", "blue"))
    operation = slots.enable_staged_publishing(acting_user=domain.alice, site=site, is_cloned=False)
    domain.work(operation)
    assert service.read_settings(site.slots.get(name="staging"), APP) == []


def test_what_depends_on_the_slot_enters_the_environment_only_on_request(domain: Domain) -> None:
    production, staging = domain.staged()
    assert "WEBSITE_SLOT_NAME" not in environment(domain)
    for slot in (production, staging):
        domain.save(slot, Entry("slot_environment", "on"), category=Category.GENERAL)
    for host, told in (("contoso.localhost", "Production"), ("contoso-staging.localhost", "staging")):
        assert domain.revision_behind(host).runnable["env"]["WEBSITE_SLOT_NAME"] == told
        assert domain.router.answer(host).slot == told, "the header says the same"
    assert environment(domain)["WEBSITE_HOSTNAME"] == "contoso.localhost"


def test_web_sockets_off_reaches_the_routes(domain: Domain) -> None:
    production, _staging = domain.staged()
    assert domain.router.answer("contoso.localhost").allows_web_sockets
    domain.save(production, Entry("web_sockets", "off"), category=Category.GENERAL)
    assert not domain.router.answer("contoso.localhost").allows_web_sockets


def test_http_2_is_told_to_routes_clusters_and_warm_up_with_the_next_publication(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, _staging = domain.staged()
    asked, probe = [], type(domain.runtime).probe
    monkeypatch.setattr(
        type(domain.runtime),
        "probe",
        lambda self, specs, **options: probe(self, [one for one in specs if not asked.append(one)], **options),
    )
    before = domain.router.answer("contoso.localhost")
    assert not before.speaks_http2
    domain.save(production, Entry("http2", "on"), category=Category.GENERAL)
    assert domain.router.answer("contoso.localhost") == before, "what runs goes on as it was published"
    asked.clear()
    assert domain.publish(production, "speaks HTTP/2").state == "succeeded"
    after = domain.router.answer("contoso.localhost")
    assert after.speaks_http2 and after.cluster != before.cluster
    (cluster,) = (one for one in routing.table_of(production.site_id).clusters if one.name == after.cluster)
    assert cluster.speaks_http2
    assert asked and all(spec.speaks_http2 for spec in asked)
    assert domain.router.answer("contoso-staging.localhost").speaks_http2 is False


def test_names_that_differ_in_case_are_two_variables_and_the_same_name_twice_is_refused(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.save(production, Entry("Mode", "a"), Entry("MODE", "b"))
    assert (environment(domain)["Mode"], environment(domain)["MODE"]) == ("a", "b")
    with pytest.raises(SettingRefused, match="'MODE' cannot be saved: it is there twice"):
        domain.save(production, Entry("MODE", "a"), Entry("MODE", "b"))


def test_values_arrive_as_they_were_saved(domain: Domain) -> None:
    production, _staging = domain.staged()
    odd = {
        "EMPTY": "",
        "SPACES": "  a b  ",
        "QUOTES": '"it\'s"',
        "EQUALS": "a=b=c",
        "SCRIPT": "Grüße ☃",
        "LONG": "x" * 32_768,
    }
    domain.save(production, *(Entry(name, value) for name, value in odd.items()))
    found = environment(domain)
    assert {name: found[name] for name in odd} == odd


def test_entries_that_become_the_same_variable_are_refused(domain: Domain) -> None:
    production, _ = domain.staged()
    domain.save(production, Entry("main", "x", "Custom"), category=CONNECTIONS)
    for entries in (
        [Entry("A", "1"), Entry("APPSETTING_A", "2")],
        [Entry("CUSTOMCONNSTR_main", "y")],
    ):
        with pytest.raises(SettingRefused, match="it becomes the variable"):
            service.save_settings(acting_user=domain.alice, slot=production, category=APP, entries=entries)
    with pytest.raises(SettingRefused, match="it becomes the variable CUSTOMCONNSTR_other"):
        service.save_categories(
            acting_user=domain.alice,
            slot=production,
            categories={APP: [Entry("CUSTOMCONNSTR_other", "1")], CONNECTIONS: [Entry("other", "2", "Custom")]},
        )


def test_the_largest_variables_arrive_and_more_are_refused(domain: Domain) -> None:
    production, _ = domain.staged()
    fits = "😀" * 30_000 + "x"
    domain.save(production, Entry("BIG", fits))
    env = domain.revision_behind("contoso.localhost").runnable["env"]
    assert env["BIG"] == env["APPSETTING_BIG"] == fits
    many = [Entry(f"BIG{number}", fits) for number in range(5)]
    with pytest.raises(SettingRefused, match="all variables together would have 1,200,"):
        service.save_settings(acting_user=domain.alice, slot=production, category=APP, entries=many)


def test_documents_and_mappings_that_no_program_could_be_given_are_refused(domain: Domain) -> None:
    production, _ = domain.staged()
    documents = [Entry(f"{number:05}", "x" * 200) for number in range(1000)]
    with pytest.raises(SettingRefused, match="Default documents cannot be saved: together they are longer"):
        service.save_settings(
            acting_user=domain.alice, slot=production, category=Category.DEFAULT_DOCUMENTS, entries=documents
        )


def test_a_persistent_folder_may_lie_inside_the_content(domain: Domain) -> None:
    production, _staging = domain.staged()
    entries = [Entry("data", "/app/data"), Entry("instance", "/app/var/instance/")]
    service.save_settings(acting_user=domain.alice, slot=production, category=Category.MOUNTS, entries=entries)
    targets = [mount.target for mount in configuration(production, production.current_workload).mounts]
    assert targets == ["/app/data", "/app/var/instance/"]
