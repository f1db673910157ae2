"""Which files differ between two deployments."""

import pytest
from django.test import Client

from sites.content import store
from sites.models import Deployment, Slot
from sites.services import deployments, differences
from sites.services.differences import difference
from tests.domain import Domain


def publish(domain: Domain, slot: Slot, **files: str) -> Deployment:
    operation = deployments.publish_zip(
        acting_user=domain.alice,
        author="alice",
        slot=slot,
        archive=domain.archive(files.pop("index"), **files),
        message="m",
        deployer="Portal",
    )
    assert domain.work(operation).state == "succeeded"
    return operation.deployment


def test_added_changed_and_removed_files_are_named(domain: Domain) -> None:
    slot = domain.create().slots.get()
    former = publish(domain, slot, index="one", same="x", gone="y", other="a")
    present = publish(domain, slot, index="two", same="x", new="z", other="b")
    found = difference(former, present)
    assert dict(found.kinds) == {"Added": ["new"], "Changed": ["index.html", "other"], "Removed": ["gone"]}
    assert (found.count, found.same, found.is_cut) == (4, 1, False)
    assert difference(present, present).count == 0


def test_a_long_list_is_cut_and_one_that_is_gone_is_none(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = domain.create().slots.get()
    former = publish(domain, slot, index="one", a="a", b="b")
    present = publish(domain, slot, index="one")
    monkeypatch.setattr(differences, "MAX_SHOWN", 1)
    found = difference(former, present)
    assert (found.count, found.is_cut) == (2, True)
    store._manifest_of(former.content_digest).unlink()
    assert difference(former, present) is None


def test_the_page_of_a_deployment_tells_them(domain: Domain) -> None:
    slot = domain.create().slots.get()
    former = publish(domain, slot, index="one", gone="y")
    present = publish(domain, slot, index="two")
    client = Client(SERVER_NAME="localhost")
    client.force_login(domain.alice)
    page = client.get(f"/sites/contoso/production/deployments/{former.public_id}/").content.decode()
    assert "2 files differ; 0 are the same." in page
    assert "<h3>Removed</h3>" in page and "<code>gone</code>" in page
    own = client.get(f"/sites/contoso/production/deployments/{present.public_id}/").content.decode()
    assert 'id="files"' not in own
