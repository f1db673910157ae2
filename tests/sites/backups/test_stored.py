"""A backup in a store is whole and readable for the keys alone, or it is not there at all."""

import io
import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from django.conf import LazySettings

from sites.backups import archive, download, manifest, sealing, stored, upload
from sites.backups.address import Address, parse
from sites.backups.faults import explain
from sites.backups.store import Store
from sites.backups.stored import fetched, remove_oldest, send
from sites.backups.upload import Upload
from sites.errors import BackupFailed, BackupRefused, BackupStoreRefused
from sites.keyring import Keyring, key_file, new_key
from tests.store import BUCKET, FakeStore, running_store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_dump", "data_folder", "_empty")]

PREFIX = f"s3://{BUCKET}/greenroom/one"
SMALLEST_PART = 5 * 1024**2
ANOTHER = "0123456789ab"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeStore]:
    with running_store() as running:
        yield running


@pytest.fixture
def store(server: FakeStore, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    """Set for this installation, and empty."""
    settings.BACKUP_STORE_ENDPOINT = server.endpoint
    settings.BACKUP_STORE_REGION = "us-east-1"
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    for key in server.keys():
        server.client.delete_object(Bucket=BUCKET, Key=key)
    return server


@pytest.fixture
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sites.backups.restoring._has_database", lambda: False)


def own() -> str:
    """This installation."""
    return manifest.installation(key_file(stored.settings.KEY_FILE).read())


def named(day: int, of: str = "") -> str:
    """A backup of that day."""
    return f"greenroom-2026-11-{day:02}T020000Z-{of or own()}.tar.gz.age"


def quietly(_: str) -> None:
    """Tells nobody."""


def put(store: FakeStore, key: str, content: bytes = b"a backup") -> None:
    store.client.put_object(Bucket=BUCKET, Key=key, Body=content)


def refusal(address: str = PREFIX) -> str:
    with pytest.raises(BackupStoreRefused) as caught:
        send(address)
    return str(caught.value)


def fails(operation: str, code: str, message: str = "") -> Any:
    def fail(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    return fail


def test_what_is_sent_is_read_by_the_keys_alone_and_comes_back(store: FakeStore, settings: LazySettings) -> None:
    told: list[str] = []
    sent = send(PREFIX, tell=told.append)
    assert store.keys() == [sent.address.key]
    assert str(sent.address).startswith(f"{PREFIX}/greenroom-20") and str(sent.address).endswith(
        f"Z-{own()}.tar.gz.age"
    )
    content = store.client.get_object(Bucket=BUCKET, Key=sent.address.key)["Body"].read()
    assert (len(content), content[:21]) == (sent.bytes, b"age-encryption.org/v1")
    with fetched(str(sent.address), tell=told.append) as file:
        listed = subprocess.run(["tar", "--list", "-f", file], capture_output=True, text=True, check=True).stdout
        assert {"manifest.json", "database", "mounts/1/notes.txt"} <= set(listed.split())
        assert "secret" not in listed
        assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(entry.name for entry in settings.DATA_DIR.iterdir() if "restore" in entry.name) == []
    assert any("MB sent" in line for line in told)


def test_it_goes_in_parts_of_one_size(store: FakeStore, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "PART_BYTES", SMALLEST_PART)
    content = os.urandom(2 * SMALLEST_PART)
    (data_folder / "mounts" / "1" / "large").write_bytes(content)
    sent = send(PREFIX)
    assert store.client.head_object(Bucket=BUCKET, Key=sent.address.key)["ETag"].endswith('-3"')
    with fetched(str(sent.address), tell=quietly) as file:
        line = ["tar", "--extract", "--to-stdout", "-f", str(file), "mounts/1/large"]
        assert subprocess.run(line, capture_output=True, check=True).stdout == content


def test_more_than_a_store_takes_is_refused(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "PART_BYTES", 100)
    monkeypatch.setattr(upload, "MOST_PARTS", 2)
    with pytest.raises(BackupFailed, match="larger than"):
        send(PREFIX)
    assert (store.keys(), store.uploads()) == ([], [])


def test_a_failure_leaves_nothing_there(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "COMPRESS", "false")
    with pytest.raises(BackupFailed, match="tar ended with"):
        send(PREFIX)
    assert (store.keys(), store.uploads()) == ([], [])


def test_what_a_killed_backup_has_sent_is_taken_away_by_the_next(store: FakeStore) -> None:
    left = f"{PREFIX}/{named(1)}"
    others = [f"{PREFIX}/{name}" for name in ("greenroom-mine", named(1, of=ANOTHER))]
    for address in (left, *others):
        killed = Upload(Store(parse(PREFIX)).client, parse(address), quietly)
        killed.write(b"half of it")
        killed._part.close()
    assert len(store.uploads()) == 3
    send(PREFIX)
    assert sorted(store.uploads()) == sorted(parse(other).key for other in others)
    for one in store.client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]:
        store.client.abort_multipart_upload(Bucket=BUCKET, Key=one["Key"], UploadId=one["UploadId"])


def test_what_the_store_keeps_is_compared(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Upload._compare

    def spoilt(self: Upload) -> None:
        put(store, self._address.key, b"x" * self.bytes)
        real(self)

    monkeypatch.setattr(Upload, "_compare", spoilt)
    assert "what it keeps differs from what was sent, and was removed" in refusal()
    assert store.keys() == []


def test_a_store_without_checksums_is_read_back(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(upload, "_md5", lambda data=b"", real=upload._md5: real(data + b"another" * bool(data)))
    sent = send(PREFIX, tell=told.append)
    assert "The store names no checksum of its own. Reading the backup back" in told
    assert store.keys() == [sent.address.key]


def test_an_answer_that_was_lost_is_no_failure(store: FakeStore) -> None:
    """The store had completed the upload when the connection broke, and knows nothing of it at the second try."""
    place = parse(PREFIX).below(named(1))
    sending = Upload(Store(parse(PREFIX)).client, place, quietly)
    sending.write(b"all of it")
    real = sending._client.complete_multipart_upload

    def twice(**arguments: Any) -> None:
        real(**arguments)
        fails("CompleteMultipartUpload", "NoSuchUpload")()

    sending._client.complete_multipart_upload = twice
    sending.finish()
    assert store.keys() == [place.key]


def test_the_oldest_go_and_those_of_other_installations_stay(store: FakeStore) -> None:
    names = [named(day) for day in (3, 1, 2)]
    others = ["greenroom-notes.txt", f"deeper/{named(1)}", *(named(day, of=ANOTHER) for day in (1, 2, 4))]
    for name in [*names, *others]:
        put(store, f"greenroom/one/{name}")
    remove_oldest(PREFIX, kept=2)
    assert set(store.keys()) == {f"greenroom/one/{name}" for name in [names[0], names[2], *others]}
    assert Store(parse(PREFIX)).names()[-1] == others[-1]


def test_an_installation_knows_its_own_after_its_keys_were_rotated(settings: LazySettings) -> None:
    ring = key_file(settings.KEY_FILE).read()
    rotated = ring.with_keys(new_key(after=ring.keys[0]), *ring.keys)
    assert manifest.installation(rotated) == manifest.installation(rotated.with_keys(rotated.keys[0])) == own()
    assert manifest.installation(Keyring((new_key(),))) != own()


class TestSentences:
    """What the store refuses, and what to do."""

    def test_wrong_credentials(
        self, store: FakeStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-right-one")
        assert "it refuses the credentials (SignatureDoesNotMatch" in refusal()
        assert "not-the-right-one" not in caplog.text
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
        assert "it refuses the credentials (InvalidAccessKeyId" in refusal()

    def test_none(self, store: FakeStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        assert "there are no credentials for it. Nothing was changed there. Set AWS_ACCESS_KEY_ID" in refusal()

    def test_no_bucket(self, store: FakeStore) -> None:
        assert "The backup store s3://elsewhere/one could not be used: there is no such bucket." in refusal(
            "s3://elsewhere/one"
        )

    def test_nobody_there(self, store: FakeStore, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sites.backups.store.TRIES", 1)
        settings.BACKUP_STORE_ENDPOINT = "http://127.0.0.1:9"
        assert "it cannot be reached" in refusal()

    def test_full(self, store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
        begin = Upload.__init__

        def full(self: Upload, client: Any, address: Address, tell: Any) -> None:
            begin(self, client, address, tell)
            client.upload_part = fails("UploadPart", "XMinioStorageFull", "no space left")

        monkeypatch.setattr(Upload, "__init__", full)
        assert "it is full (XMinioStorageFull: no space left)" in refusal()
        assert (store.keys(), store.uploads()) == ([], [])

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("AccessDenied", "no right to do that (ListObjectsV2: AccessDenied)"),
            ("PermanentRedirect", "another region"),
            ("RequestTimeTooSkewed", "clock"),
            ("SlowDown", "SlowDown"),
        ],
    )
    def test_others(self, code: str, words: str) -> None:
        assert words in " ".join(explain(ClientError({"Error": {"Code": code}}, "ListObjectsV2")))

    @pytest.mark.parametrize("text", ["s3://", "s3://a", "s3://kept/a//b", "s3://kept/a b", "s3:/kept", "s3://-x/a"])
    def test_no_address(self, text: str) -> None:
        with pytest.raises(BackupStoreRefused, match="this is no address of a store"):
            parse(text)


class TestFetching:
    """On an empty machine."""

    @pytest.fixture
    def sent(self, store: FakeStore) -> Address:
        return send(PREFIX).address

    def refused(self, address: object) -> str:
        with pytest.raises((BackupRefused, BackupStoreRefused)) as caught, fetched(str(address), tell=quietly):
            pass
        assert not any("restore" in entry.name for entry in stored.settings.DATA_DIR.iterdir())
        return str(caught.value)

    def test_other_keys_are_refused(self, sent: Address, settings: LazySettings, tmp_path: Path) -> None:
        settings.KEY_FILE = tmp_path / "other.key"
        key_file(settings.KEY_FILE).create()
        assert "it cannot be decrypted with the keys in" in self.refused(sent)

    def test_a_key_that_was_rotated_reads_it_still(self, sent: Address, settings: LazySettings) -> None:
        ring = key_file(settings.KEY_FILE).read()
        settings.KEY_FILE = settings.DATA_DIR / "rotated.key"
        settings.KEY_FILE.write_text(Keyring((new_key(), *ring.keys)).text)
        with fetched(str(sent), tell=quietly) as file:
            assert archive.describe(file)

    def test_damage_is_refused(self, sent: Address, store: FakeStore) -> None:
        content = store.client.get_object(Bucket=BUCKET, Key=sent.key)["Body"].read()
        for spoilt in (content[:-9], content[:-9] + b"x" * 9, content[:99], b""):
            put(store, sent.key, spoilt)
            assert "it cannot be decrypted" in self.refused(sent)

    def test_an_older_one_under_the_name_of_a_newer_one_is_refused(self, sent: Address, store: FakeStore) -> None:
        content = store.client.get_object(Bucket=BUCKET, Key=sent.key)["Body"].read()
        newer = parse(PREFIX).below(named(30).replace("2026", "2099"))
        put(store, newer.key, content)
        assert f"the store gives {newer.name}, and what it gives calls itself {sent.name}" in self.refused(newer)

    def test_the_newest_is_named_to_whoever_names_none(self, sent: Address) -> None:
        assert f"The newest one there is {sent}." in self.refused(PREFIX)
        assert "There is none below it." in self.refused(f"{PREFIX}/deeper")

    def test_one_that_is_not_there(self, store: FakeStore) -> None:
        assert "there is no such backup" in self.refused(f"{PREFIX}/{named(1)}")

    def test_no_room(self, sent: Address, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stored, "free", lambda folder: type("Free", (), {"bytes": 1}))
        assert "0 MB are free here" in self.refused(sent)

    def test_a_database_is_not_overwritten_and_nothing_is_fetched(
        self, sent: Address, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sites.backups.restoring._has_database", lambda: True)
        monkeypatch.setattr(stored, "Download", None)
        assert "has a database already" in self.refused(sent)

    def test_a_connection_that_breaks_is_taken_up_where_it_was(
        self, sent: Address, store: FakeStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = os.urandom(50_000)
        put(store, sent.key, content)
        client = Store(parse(PREFIX)).client
        real = client.get_object

        def breaks(**arguments: Any) -> dict[str, Any]:
            return {"Body": Breaking(real(**arguments)["Body"].read(20_000))}

        client.get_object = breaks
        assert io.BufferedReader(download.Download(client, sent, quietly), 1024).read() == content


class Breaking:
    """A body that ends too early, with an error."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def read(self, size: int) -> bytes:
        data = self._content.read(size)
        if not data:
            raise ReadTimeoutError(endpoint_url="there")
        return data


def test_the_private_key_is_a_file_that_other_programs_read(settings: LazySettings) -> None:
    """`age -d -i FILE` needs nothing of Greenroom."""
    (identity,) = sealing.identities(key_file(settings.KEY_FILE).read())
    assert identity.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
