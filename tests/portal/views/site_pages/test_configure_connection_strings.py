"""Connection strings are kept when left empty, and marked while they lead to the same place as production's."""

from django.test import Client

from sites.models import Slot
from sites.services.settings import Entry, read_settings
from tests.domain import Domain
from tests.portal.views.site_pages.configure_form import as_read, save
from tests.portal.views.site_pages.conftest import Address


def test_connection_strings_are_hidden_and_kept_when_left_empty(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    strings = [{"name": "main", "value": "postgres://secret", "kind": "PostgreSQL"}]
    save(domain, alice, address("configure", staging), connection_strings=strings)
    page = alice.get(address("configure", staging)).content.decode()
    assert "main" in page
    assert "postgres://secret" not in page
    kept = [{"name": "renamed", "value": "", "kind": "PostgreSQL", "kept": "main"}]
    save(domain, alice, address("configure", staging), connection_strings=kept)
    (entry,) = read_settings(staging, "connection_strings")
    assert (entry.name, entry.value) == ("renamed", "postgres://secret")


def test_connection_strings_shared_with_production_are_marked_until_they_differ(
    domain: Domain, alice: Client, production: Slot, staging: Slot, address: Address
) -> None:
    for slot in (production, staging):
        domain.save(slot, Entry("main", "same", "Custom"), category="connection_strings")
    assert "same as production" in as_read(alice.get(address("configure", staging)).content)
    assert "same as production" not in as_read(alice.get(address("configure", production)).content)
    domain.save(staging, Entry("main", "own", "Custom"), category="connection_strings")
    assert "same as production" not in as_read(alice.get(address("configure", staging)).content)
