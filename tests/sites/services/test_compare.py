"""COMPARE tells what a swap would change, and what would surprise, without showing a secret or changing a row."""

import dataclasses

from django.db import connection
from django.test.utils import CaptureQueriesContext

from sites.general_settings import START_COMMAND, SWITCHES, TITLES
from sites.models import Category, Slot
from sites.services import deployments, slots
from sites.services.compare import Comparison, Relation, compare
from sites.services.settings import Entry, save_settings
from tests.domain import Domain


def publish(domain: Domain, slot: Slot, index: str, **files: str) -> None:
    operation = deployments.publish_zip(
        acting_user=domain.alice,
        author="alice",
        slot=slot,
        archive=domain.archive(index, **{name.replace("_", "."): text for name, text in files.items()}),
        message=index,
        deployer="Portal",
    )
    assert domain.work(operation).state == "succeeded", operation.outcome


def codes(comparison: Comparison) -> set[str]:
    return {warning.code for warning in comparison.warnings}


def relations(comparison: Comparison) -> dict[str, tuple[Relation, bool]]:
    return {one.name: (one.relation, one.travels) for one in comparison.settings}


def test_files_are_added_changed_and_gone(domain: Domain) -> None:
    production, staging = domain.staged()
    publish(domain, production, "one", old_css="old", same_css="same")
    publish(domain, staging, "two", new_css="new", same_css="same")
    content = compare(staging, production).content
    assert (content.added, content.changed, content.gone) == (("new.css",), ("index.html",), ("old.css",))
    assert not content.is_same


def test_the_placeholder_has_no_files(domain: Domain) -> None:
    site = domain.create()
    staging = domain.enable(site)
    production = site.slots.get(is_production=True)
    assert compare(staging, production).content.is_same
    publish(domain, production, "one")
    comparison = compare(staging, production)
    assert comparison.content.gone == ("index.html",)
    assert "no_content" in codes(comparison)


def test_it_is_the_same_from_either_side(domain: Domain) -> None:
    production, staging = domain.staged()
    assert compare(staging, production) == compare(production, staging)
    assert compare(production, staging).target == production


def test_settings_are_told_by_what_travels_and_what_stays(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("A", "1"), Entry("B", "1"), Entry("C", "1"), Entry("MARK", "p", is_sticky=True))
    domain.save(staging, Entry("A", "1"), Entry("B", "2"), Entry("D", "1"), Entry("MARK", "s", is_sticky=True))
    assert relations(compare(staging, production)) == {
        "A": (Relation.SAME, True),
        "B": (Relation.DIFFERENT, True),
        "C": (Relation.ONLY_TARGET, True),
        "D": (Relation.ONLY_SOURCE, True),
        "MARK": (Relation.DIFFERENT, False),
    }


def test_general_settings_and_rules_are_told_by_what_people_call_them(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(staging, Entry("always_on", "on"), category=Category.GENERAL)
    domain.save(staging, Entry("tries", "3"), category=Category.WARMUP)
    warning = next(one for one in compare(staging, production).warnings if one.code == "configured_otherwise")
    assert "'Always on', 'Tries'" in warning.sentence
    assert set(TITLES) == {*SWITCHES, START_COMMAND, "paths", "statuses", "seconds", "tries"}


def test_secret_values_are_compared_and_never_handed_out(domain: Domain) -> None:
    production, staging = domain.staged()
    for slot in (production, staging):
        domain.save(slot, Entry("KEY", f"hidden-{slot.name}"))
        domain.save(slot, Entry("Db", f"hidden-{slot.name}", kind="Custom"), category=Category.CONNECTION_STRINGS)
        domain.save(slot, Entry("1", f"{slot.name}.html"), category=Category.DEFAULT_DOCUMENTS)
    comparison = compare(staging, production)
    assert "hidden" not in str(dataclasses.asdict(comparison)["settings"]) + str(comparison.warnings)
    document = comparison.settings_by_category()[Category.DEFAULT_DOCUMENTS][0]
    assert (document.source_value, document.target_value) == ("staging.html", "production.html")
    assert list(comparison.settings_by_category()) == sorted(
        [Category.APP_SETTINGS, Category.CONNECTION_STRINGS, Category.DEFAULT_DOCUMENTS]
    )


def test_a_difference_that_stays_is_no_warning_and_one_that_travels_is(domain: Domain) -> None:
    production, staging = domain.staged()
    for slot in (production, staging):
        domain.save(slot, Entry("MARK", slot.name, is_sticky=True))
    assert codes(compare(staging, production)) == set()
    domain.save(staging, Entry("MARK", "staging", is_sticky=True), *[Entry(f"N{number}", "x") for number in range(7)])
    (warning,) = compare(staging, production).warnings
    assert warning.code == "configured_otherwise"
    assert "'N0', 'N1', 'N2', 'N3', 'N4' and 2 more" in warning.sentence


def test_connection_strings_are_shared_until_they_differ(domain: Domain) -> None:
    site = domain.create()
    production = site.slots.get()
    domain.save(production, Entry("Db", "same", kind="MySql"), category=Category.CONNECTION_STRINGS)
    staging = domain.enable(site)
    publish(domain, staging, "two")
    comparison = compare(staging, production)
    assert [one.sentence for one in comparison.warnings if one.code == "shared_connections"] == [
        "'contoso (staging)' and 'contoso' have the same connection string: 'Db'. What one of them writes, the other "
        "reads; change it under Configure where they are to be apart."
    ]
    domain.save(staging, Entry("Db", "other", kind="MySql"), category=Category.CONNECTION_STRINGS)
    assert "shared_connections" not in codes(compare(staging, production))


def test_stopped_slots_and_other_counts_are_told(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3))
    domain.work(slots.stop(acting_user=domain.alice, slot=staging))
    comparison = compare(staging, production)
    assert codes(comparison) == {"stopped", "counts_differ"}
    assert "'contoso (staging)' has 1 instance and 'contoso' 3 instances." in str(comparison.warnings)


def test_the_last_swap_is_named_and_what_was_altered_since(domain: Domain) -> None:
    production, staging = domain.staged()
    assert compare(staging, production).last_swap is None
    domain.swap(staging, production)
    comparison = compare(staging, production)
    assert comparison.last_swap.actor_name == "alice"
    assert codes(comparison) == set()
    publish(domain, staging, "one, changed")
    (warning,) = compare(staging, production).warnings
    assert warning.code == "altered"
    assert "publication of alice at " in warning.sentence


def test_settings_that_did_not_start_are_an_alteration_as_well(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.swap(staging, production)
    domain.answer_everything("500")
    entries = [Entry("COLOUR", "blue")]
    operation = save_settings(acting_user=domain.alice, slot=staging, category=Category.APP_SETTINGS, entries=entries)
    assert domain.work(operation).state == "failed"
    warning = next(one for one in compare(staging, production).warnings if one.code == "altered")
    assert "change of settings of alice at " in warning.sentence


def test_it_costs_the_same_however_much_there_is_and_writes_nothing(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.swap(staging, production)
    publish(domain, staging, "three")
    with CaptureQueriesContext(connection) as few:
        compare(staging, production)
    for slot in (production, staging):
        domain.save(slot, *[Entry(f"N{number}", slot.name) for number in range(30)])
    publish(domain, staging, "four", a_css="a", b_css="b")
    with CaptureQueriesContext(connection) as many:
        compare(staging, production)
    assert len(many) <= len(few)
    assert all(query["sql"].startswith("SELECT") for query in many)


def test_an_entry_that_says_the_default_is_no_difference(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(staging, Entry("web_sockets", "on"), Entry("always_on", "on"), category=Category.GENERAL)
    domain.save(staging, Entry("tries", "5"), category=Category.WARMUP)
    comparison = compare(staging, production)
    found = {one.name: (one.relation, one.source_value, one.target_value) for one in comparison.settings}
    assert found == {
        "always_on": (Relation.DIFFERENT, "on", "off"),
        "web_sockets": (Relation.SAME, "on", "on"),
        "tries": (Relation.SAME, "5", "5"),
    }
    (warning,) = comparison.warnings
    assert "'Always on'." in warning.sentence


def test_default_documents_are_told_by_their_place(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(staging, Entry("002", "start.html"), category=Category.DEFAULT_DOCUMENTS)
    (warning,) = compare(staging, production).warnings
    assert "'Default document 2'" in warning.sentence


def test_a_connection_string_of_another_type_leads_to_the_same_place(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("Db", "same", kind="MySql"), category=Category.CONNECTION_STRINGS)
    domain.save(staging, Entry("Db", "same", kind="Custom"), category=Category.CONNECTION_STRINGS)
    assert {"shared_connections", "configured_otherwise"} == codes(compare(staging, production))
