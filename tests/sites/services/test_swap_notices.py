"""Before a swap it is told what stands in its way, and what would surprise."""

from sites.models import Category
from sites.services import slots
from sites.services.compare import Comparison, compare
from sites.services.settings import Entry, save_settings
from tests.domain import Domain


def codes(comparison: Comparison) -> set[str]:
    return {warning.code for warning in comparison.warnings}


def test_a_difference_that_stays_is_no_warning_and_one_that_travels_is(domain: Domain) -> None:
    production, staging = domain.marked()
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
    assert domain.publish(staging, "two").state == "succeeded"
    comparison = compare(staging, production)
    assert [one.sentence for one in comparison.warnings if one.code == "shared_connections"] == [
        "'contoso (staging)' and 'contoso' have the same connection string: 'Db'. Both slots read and write the "
        "same data. To separate them, change the string on CONFIGURE."
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
    assert domain.publish(staging, "one, changed").state == "succeeded"
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


def test_a_connection_string_of_another_type_leads_to_the_same_place(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("Db", "same", kind="MySql"), category=Category.CONNECTION_STRINGS)
    domain.save(staging, Entry("Db", "same", kind="Custom"), category=Category.CONNECTION_STRINGS)
    assert {"shared_connections", "configured_otherwise"} == codes(compare(staging, production))
