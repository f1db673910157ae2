"""COMPARE tells what a swap would change, without showing a secret or changing a row."""

import dataclasses

from django.db import connection
from django.test.utils import CaptureQueriesContext

from sites.general_settings import GENERAL_DEFAULTS, MONITORING_DEFAULTS, TITLES, WARMUP_DEFAULTS
from sites.models import Category, Slot
from sites.services import deployments
from sites.services.compare import Comparison, Relation, compare
from sites.services.settings import Entry
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
    assert "no_content" in {one.code for one in comparison.warnings}


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
    assert set(TITLES) == {*GENERAL_DEFAULTS, *MONITORING_DEFAULTS, *WARMUP_DEFAULTS}


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
