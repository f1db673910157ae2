"""Linked resources, for programs."""

from sites.models import Category, LinkedResource, Slot
from sites.services.settings import read_settings
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of, program_of

ADDRESS = "/sites/contoso/linked-resources"
NEW = {"name": "cache", "engine": "redis", "connection_string": "redis://:hunter2@cache.example.org/0"}


def test_a_resource_is_linked_checked_and_unlinked(domain: Domain, program: Program, slots: tuple[Slot, Slot]) -> None:
    asked = program.post(ADDRESS, NEW)
    assert asked.status_code == 202 and "hunter2" not in asked.content.decode()
    assert domain.work(operation_of(asked)).state == "succeeded"
    (said,) = program.get(ADDRESS).json()["items"]
    assert (said["name"], said["engine"], said["health"], said["checked_at"]) == ("cache", "redis", "unknown", None)
    LinkedResource.objects.update(is_awaited=False)
    assert program.post(f"{ADDRESS}/{said['number']}/check").json() == said
    assert LinkedResource.objects.get().is_awaited
    gone = program.delete(f"{ADDRESS}/{said['number']}?remove_connection_string=true")
    assert domain.work(operation_of(gone)).kind == "change_settings"
    assert program.delete(f"{ADDRESS}/{said['number']}").status_code == 404
    assert read_settings(slots[0], Category.CONNECTION_STRINGS) == []


def test_what_cannot_be_linked_is_refused_without_its_secret(program: Program, slots: tuple[Slot, Slot]) -> None:
    refused = program.post(ADDRESS, {**NEW, "connection_string": "cache:6379,hunter2"})
    assert (refused.status_code, refused.json()["code"]) == (400, "ResourceRefused")
    assert "hunter2" not in refused.content.decode()


def test_a_token_for_less_and_a_reader_change_nothing(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    for one in (program_of(domain.alice, "swap"), program_of(domain.bob)):
        assert one.get(ADDRESS).status_code == 200
        assert one.post(ADDRESS, NEW).status_code == 403
        assert one.delete(f"{ADDRESS}/1").status_code == 403
    assert not LinkedResource.objects.exists()
