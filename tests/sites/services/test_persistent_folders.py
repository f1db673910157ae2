"""A persistent folder stays with its slot or travels, as was settled when it was made."""

import pytest

from sites.errors import SettingRefused
from sites.models import Category
from sites.services import settings as service
from sites.services.settings import Entry
from tests.domain import Domain


def test_persistent_folders_stay_with_their_slot(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("data", "/data"), category=Category.MOUNTS)
    domain.save(staging, Entry("data", "/data"), category=Category.MOUNTS)
    folders = [
        domain.revision_behind(host).runnable["mounts"][0]["source"]
        for host in ("contoso.localhost", "contoso-staging.localhost")
    ]
    assert folders[0].endswith(f"slot-{production.pk}/data")
    assert folders[1].endswith(f"slot-{staging.pk}/data")


def test_a_persistent_folder_can_be_marked_travelling(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(staging, Entry("index", "/data", service.TRAVELLING), category=Category.MOUNTS)
    assert service.read_settings(staging, Category.MOUNTS) == [Entry("index", "/data", service.TRAVELLING)]
    before = domain.revision_behind("contoso-staging.localhost").runnable["mounts"]
    domain.swap(staging, production)
    assert domain.revision_behind("contoso.localhost").runnable["mounts"] == before


@pytest.mark.parametrize("kind", ["", service.TRAVELLING])
def test_whether_a_folder_travels_is_settled_when_it_is_made(domain: Domain, kind: str) -> None:
    production, staging = domain.staged()
    domain.save(production, Entry("data", "/data", kind), category=Category.MOUNTS)
    other = "" if kind else service.TRAVELLING
    for slot in (production, staging):
        with pytest.raises(SettingRefused, match=r"in 'contoso' it .* and its files would be left behind"):
            domain.save(slot, Entry("data", "/data", other), category=Category.MOUNTS)
    domain.save(production, category=Category.MOUNTS)
    domain.save(production, Entry("data", "/data", other), category=Category.MOUNTS)
    assert service.read_settings(production, Category.MOUNTS)[0].kind == other


def test_two_folders_are_not_shown_at_one_place(domain: Domain) -> None:
    production, _staging = domain.staged()
    with pytest.raises(SettingRefused, match="another folder is shown at /data already"):
        domain.save(production, Entry("one", "/data"), Entry("two", "/data/"), category=Category.MOUNTS)


@pytest.mark.parametrize("places", [("/data", "/data/cache"), ("/mnt/a/b/", "/mnt/a")])
def test_no_folder_is_shown_inside_another_one(domain: Domain, places: tuple[str, str]) -> None:
    """The application could put a link where the inner one is to be shown."""
    production, _staging = domain.staged()
    with pytest.raises(SettingRefused, match="a folder cannot be shown inside another one"):
        domain.save(production, Entry("one", places[0]), Entry("two", places[1]), category=Category.MOUNTS)
    domain.save(production, Entry("one", "/data/a"), Entry("two", "/data/ab"), category=Category.MOUNTS)
