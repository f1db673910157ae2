"""An upload that is refused leaves nothing behind, and what a web site may have is not exceeded."""

import os
import zipfile
from pathlib import Path

import pytest
from django.conf import LazySettings

from sites import kept_deployments
from sites.content import store, uploads
from sites.errors import ArchiveRefused, DiskFull, QuotaExceeded, Refused, SlotBusy, UploadsBusy
from sites.models import Deployment, Operation, Site
from sites.services import custom_sites, deployments, slots
from sites.services.custom_sites import Beginning
from tests.domain import Domain


@pytest.fixture(autouse=True)
def _own_store(settings: LazySettings, tmp_path: Path) -> None:
    for name in ("CONTENT", "BUILD", "UPLOAD"):
        setattr(settings, f"{name}_DIR", tmp_path / name.lower())


def pack(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "upload.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return path


def publish(domain: Domain, site: Site, archive: Path) -> Operation:
    return deployments.publish_zip(
        acting_user=domain.alice,
        author="alice",
        slot=site.slots.get(is_production=True),
        archive=archive,
        message="m",
        deployer="Portal",
    )


def on_disk(settings: LazySettings) -> set[str]:
    found = set()
    for parent, names, files in os.walk(settings.CONTENT_DIR):
        found |= {os.path.join(parent, name) for name in (*names, *files)}
    return {path for path in found if not path.endswith(".lock")}


def state(settings: LazySettings) -> tuple[object, ...]:
    return on_disk(settings), Deployment.objects.count(), Operation.objects.count(), Site.objects.count()


def test_what_is_not_recognised_is_refused_before_it_is_unpacked(
    domain: Domain, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = domain.create()
    before = state(settings)
    monkeypatch.setattr(store, "new_content", lambda: pytest.fail("it was unpacked"))
    archive = pack(domain.folder, {f"{number % 50}/{number}": b"" for number in range(20_000)})
    with pytest.raises(Refused, match="not recognised"):
        publish(domain, site, archive)
    with pytest.raises(Refused, match="not recognised"):
        custom_sites.create_custom_site(
            acting_user=domain.alice,
            subscription=domain.subscription,
            name="fabrikam",
            mode="standard",
            instance_count=1,
            beginning=Beginning.UPLOAD,
            archive=archive,
        )
    assert state(settings) == before


@pytest.mark.parametrize(
    "files",
    [
        {"app.js": b"", "Procfile": b"web: node app.js \0"},
        {"app.js": b"", "Procfile": b"web: node app.js\nrelease: true \0"},
        {"app.js": b"", "package.json": b'{"scripts": {"start": "node app.js \\u0000"}}'},
        {"app.js": b"", "package.json": b'{"scripts": {"start": "node app.js \\ud800"}}'},
    ],
)
def test_a_command_that_is_no_text_is_refused(
    domain: Domain, settings: LazySettings, tmp_path: Path, files: dict[str, bytes]
) -> None:
    site = domain.create()
    before = state(settings)
    with pytest.raises(ArchiveRefused, match="zero byte or half a character"):
        publish(domain, site, pack(tmp_path, files))
    assert state(settings) == before


def test_a_damaged_archive_leaves_nothing(domain: Domain, settings: LazySettings) -> None:
    site = domain.create()
    before = state(settings)
    archive = pack(domain.folder, {"index.html": b"x", "other": os.urandom(1000)})
    body = bytearray(archive.read_bytes())
    body[body.index(b"other") + 500] ^= 255
    archive.write_bytes(body)
    with pytest.raises(Refused, match="is damaged"):
        publish(domain, site, archive)
    assert state(settings) == before


def test_a_slot_that_is_taken_meanwhile_leaves_nothing(
    domain: Domain, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = domain.create()
    monkeypatch.setattr("sites.services.requests.ensure_free", lambda *_, **__: None)
    slots.restart(acting_user=domain.alice, slot=site.slots.get())
    before = state(settings)
    with pytest.raises(SlotBusy):
        publish(domain, site, domain.archive("one"))
    assert state(settings) == before


def test_a_content_beyond_the_quota_is_refused_with_what_to_do(domain: Domain, settings: LazySettings) -> None:
    site = domain.create()
    domain.work(publish(domain, site, pack(domain.folder, {"index.html": b"x" * 600_000})))
    settings.SITE_CONTENT_BYTES = 1_000_000
    before = state(settings)
    with pytest.raises(QuotaExceeded, match=r"would take 1.1 MB, and the limit is 976.6 KB.*raise SITE_CONTENT_BYTES"):
        publish(domain, site, pack(domain.folder, {"index.html": b"y" * 600_000}))
    assert state(settings) == before
    settings.SITE_CONTENT_BYTES, settings.SITE_CONTENT_FILES = 0, 10
    with pytest.raises(QuotaExceeded, match="would take 11 files, and the limit is 10 files"):
        publish(domain, site, pack(domain.folder, {"index.html": b"y"} | {str(number): b"" for number in range(9)}))
    assert state(settings) == before


def test_former_contents_make_room_for_a_new_one(domain: Domain, settings: LazySettings) -> None:
    site = domain.create()
    settings.SITE_CONTENT_BYTES = 1_000_000
    for letter in b"abcdef":
        archive = pack(domain.folder, {"index.html": bytes([letter]) * 400_000})
        assert domain.work(publish(domain, site, archive)).state == "succeeded"
    domain.settle()
    for row in kept_deployments.superseded(site):
        Deployment.objects.filter(pk=row.pk).update(content_removed_at="2026-01-01T00:00Z")
    assert kept_deployments.use_of(kept_deployments.stored(site)).bytes <= settings.SITE_CONTENT_BYTES


def test_below_the_reserve_of_the_disk_nothing_is_published(domain: Domain, settings: LazySettings) -> None:
    site = domain.create()
    settings.DISK_RESERVE = 2**62
    before = state(settings)
    with pytest.raises(DiskFull, match="the web sites keep serving"):
        publish(domain, site, domain.archive("one"))
    assert state(settings) == before


def test_while_others_are_unpacked_an_upload_is_refused_after_some_time(
    domain: Domain, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = domain.create()
    monkeypatch.setattr(uploads, "TURN_SECONDS", 0)
    before = state(settings)
    with uploads.turn("others 1"), uploads.turn("others 2"), pytest.raises(UploadsBusy):
        publish(domain, site, domain.archive("one"))
    assert state(settings) == before
    assert domain.work(publish(domain, site, domain.archive("one"))).state == "succeeded"
