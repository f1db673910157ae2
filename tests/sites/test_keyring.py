"""The key file: made once, read again when it was replaced, one derived key for each purpose."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sites.errors import KeyFileRefused, KeyMissing
from sites.keyring import FORMER, KeyFile, Keyring, Purpose, locate, new_key, open_keys


def test_the_first_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "secret.key"
    ring = open_keys(path, tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert KeyFile(path).read() == ring
    assert [path.name for path in path.parent.iterdir()] == ["secret.key"]


def test_many_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    files = [KeyFile(tmp_path / "secret.key") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda file: file.create(), files))) == 1


def test_each_purpose_has_a_key_that_says_nothing_of_the_others() -> None:
    ring = Keyring((new_key(), new_key()))
    derived = [key for purpose in Purpose for key in ring.derived(purpose)]
    assert len(set(derived)) == 2 * len(Purpose)
    assert all(len(key) == 32 for key in derived)
    assert not {key.material for key in ring.keys} & set(derived)


def test_a_file_from_before_goes_on_to_be_read(tmp_path: Path) -> None:
    path, material = tmp_path / "secret.key", bytes(range(32))
    path.write_bytes(material)
    ring = open_keys(path, tmp_path)
    assert [key.made_at for key in ring.keys] == [FORMER]
    assert ring.derived(Purpose.FIELDS)[1:] == (hashlib.sha256(b"fields:" + material).digest(),)
    former = hashlib.sha256(b"django:" + material).hexdigest()
    assert ring.signing_keys[1:] == (former,)
    assert ring.codes == former.encode(), "recovery codes were digested under the key of sessions"
    assert ring.with_keys(new_key()).codes == former.encode()


def test_a_new_key_is_read_as_soon_as_it_is_written(tmp_path: Path) -> None:
    running = KeyFile(tmp_path / "secret.key")
    before = running.create()
    assert running.read() is before
    other = KeyFile(tmp_path / "secret.key")
    after = Keyring((new_key(after=before.keys[0]), *before.keys))
    other.replace(after)
    assert running.read() == after
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_running_process_keeps_its_keys_when_the_file_is_gone(tmp_path: Path) -> None:
    running = KeyFile(tmp_path / "secret.key")
    ring = running.create()
    running.path.unlink()
    assert running.read() == ring


def test_a_killed_replacement_leaves_the_former_file_and_does_not_stop_the_next(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "secret.key")
    ring = file.create()
    (tmp_path / "secret.key.new").write_text("half a ")
    assert KeyFile(file.path).read() == ring
    file.replace(Keyring((new_key(), *ring.keys)))
    assert len(file.read().keys) == 2


def test_only_one_changes_the_keys_at_a_time(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "secret.key")
    file.create()
    with file.locked(), pytest.raises(KeyFileRefused, match="Another command is changing"), KeyFile(file.path).locked():
        pass
    with file.locked():
        pass


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"2026 c2hvcnQ=\n", b"2026\n", b"\xff" * 40, b"2026 !!\n"])
def test_a_file_that_is_no_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(content)
    with pytest.raises(KeyFileRefused, match="is not a key file"):
        open_keys(path, tmp_path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("used", ["db.sqlite3", "logs/up.log"])
def test_no_key_is_made_where_another_one_was_in_use(tmp_path: Path, used: str) -> None:
    (tmp_path / used).parent.mkdir(exist_ok=True)
    (tmp_path / used).touch()
    with pytest.raises(KeyMissing, match="Put the file back"):
        open_keys(tmp_path / "secret.key", tmp_path)
    assert not (tmp_path / "secret.key").exists()


def test_the_file_lies_where_it_is_said_to_lie(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert locate({}, data) == data / "secret.key"
    passed = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert locate(passed, data) == data / "secret.key"
    (tmp_path / "greenroom.key").touch()
    assert locate(passed, data) == tmp_path / "greenroom.key"
    assert locate({**passed, "GREENROOM_KEY_FILE": "/etc/greenroom/key"}, data) == Path("/etc/greenroom/key")
    with pytest.raises(KeyFileRefused, match="is not an absolute path"):
        locate({"GREENROOM_KEY_FILE": "key"}, data)


def test_a_key_shows_nothing_when_it_is_printed() -> None:
    key = new_key()
    assert repr(key.material)[2:-1] not in repr(Keyring((key,)))
