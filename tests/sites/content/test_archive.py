"""Zips: what is refused, with which sentence, and that nothing is left behind."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sites.content import archive
from sites.content.store import files, path_of
from sites.disk.use import Use
from sites.errors import ArchiveRefused
from tests.contents import unpack_zip

Pack = Callable[..., Path]
Entry = tuple[str | zipfile.ZipInfo, bytes]


def entry(name: str, *, mode: int = 0o100644, flags: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.filename = name
    info.create_system = 3
    info.external_attr = mode << 16
    info.flag_bits |= flags
    return info


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """Write a zip: pack(('index.html', b'…'), …)."""

    def write(*entries: Entry, method: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "site.zip"
        with zipfile.ZipFile(path, "w", method) as zipped:
            for name, body in entries:
                zipped.writestr(name, body, compress_type=method)
        return path

    return write


def nothing_left(data: Path) -> bool:
    folder = data / "content"
    return not folder.exists() or not list(folder.iterdir())


def refusal(path: Path, **limits: int) -> str:
    with pytest.raises(ArchiveRefused) as caught:
        unpack_zip(path, **limits)
    sentence = str(caught.value)
    assert sentence.startswith("The archive was refused and nothing was changed: ")
    assert sentence.endswith(".")
    return sentence


def test_a_zip_becomes_a_content(pack: Pack) -> None:
    content = unpack_zip(pack(("index.html", b"hello"), ("css/", b""), ("css/site.css", b"body {}")))
    assert set(files(content.digest)) == {"index.html", "css/site.css"}
    assert (path_of(content.digest) / "index.html").read_bytes() == b"hello"


def test_a_single_folder_around_everything_is_taken_off(pack: Pack) -> None:
    wrapped = unpack_zip(pack(("site-main/", b""), ("site-main/index.html", b"hello"), ("site-main/a/b.txt", b"b")))
    plain = unpack_zip(pack(("index.html", b"hello"), ("a/b.txt", b"b")))
    assert wrapped.digest == plain.digest


def test_two_folders_stay(pack: Pack) -> None:
    assert set(files(unpack_zip(pack(("a/x", b""), ("b/x", b""))).digest)) == {"a/x", "b/x"}


def test_what_macs_add_is_left_out(pack: Pack) -> None:
    content = unpack_zip(pack(("site/index.html", b"hello"), ("__MACOSX/site/._index.html", b"junk")))
    assert set(files(content.digest)) == {"index.html"}


def test_a_dot_in_front_means_nothing(pack: Pack) -> None:
    content = unpack_zip(pack(("./", b""), ("./index.html", b"hello"), ("./css/", b""), ("./css/a.css", b"")))
    assert set(files(content.digest)) == {"index.html", "css/a.css"}


def test_a_folder_around_a_folder_is_taken_off_too(pack: Pack) -> None:
    content = unpack_zip(pack(("a/b/index.html", b"hello"), ("a/b/css/x.css", b"")))
    assert set(files(content.digest)) == {"index.html", "css/x.css"}


def test_what_desktops_add_is_left_out(pack: Pack) -> None:
    added = (
        ("site/.DS_Store", b""),
        ("site/css/Thumbs.db", b""),
        ("site/desktop.ini", b""),
        ("site/._index.html", b""),
    )
    assert set(files(unpack_zip(pack(("site/index.html", b""), *added)).digest)) == {"index.html"}


def test_executable_bits_are_kept(pack: Pack) -> None:
    content = unpack_zip(pack((entry("run.sh", mode=0o100755), b"#!/bin/sh"), ("readme", b"x")))
    assert files(content.digest)["run.sh"].is_executable
    assert not files(content.digest)["readme"].is_executable


def test_names_in_utf8_without_the_flag_are_understood(pack: Pack) -> None:
    path = pack(("f_r.html", b"hello"), ("a", b""))
    path.write_bytes(path.read_bytes().replace(b"f_r.html", "för.htm".encode()))
    assert set(files(unpack_zip(path).digest)) == {"för.htm", "a"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../etc/passwd", "entry 2, '../etc/passwd', leads out of the site's folder"),
        ("a/../../x", "leads out of the site's folder"),
        ("..", "leads out of the site's folder"),
        ("/etc/passwd", "is an absolute path"),
        ("C:/windows/x", "is an absolute path"),
        ("c:x", "is an absolute path"),
        ("..\\..\\x", "has a backslash in its name"),
        ("a\\b", "has a backslash in its name"),
        ("a//b", "has an empty part in its path"),
        ("a/./b", "has an empty part in its path"),
        ("/".join("x" * 102), "lies in more than 100 folders"),
        ("a\nb", "has a control character in its name"),
        ("x" * 256, "has a name longer than 255 bytes"),
        ("/".join(["x" * 200] * 6), "a path longer than 1024"),
        ("INDEX.html", "differs from 'index.html' only in upper and lower case"),
        ("index.html", "is there twice"),
        ("index.html/deeper", "lies in 'index.html', which is a file"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_cannot_be_trusted_is_refused(pack: Pack, data: Path, name: str, reason: str) -> None:
    sentence = refusal(pack(("index.html", b"hello"), (entry(name), b"x")))
    assert "entry 2, " in sentence
    assert reason in sentence
    assert nothing_left(data)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (stat.S_IFLNK | 0o777, "is a link"),
        (stat.S_IFIFO | 0o644, "is a device, pipe or socket"),
        (stat.S_IFCHR | 0o644, "is a device, pipe or socket"),
        (stat.S_IFBLK | 0o644, "is a device, pipe or socket"),
        (stat.S_IFSOCK | 0o644, "is a device, pipe or socket"),
    ],
)
def test_what_is_no_file_is_refused(pack: Pack, data: Path, mode: int, reason: str) -> None:
    assert f"entry 1, 'x', {reason}" in refusal(pack((entry("x", mode=mode), b"/etc/passwd")))
    assert nothing_left(data)


def test_an_encrypted_entry_is_refused(pack: Pack, data: Path) -> None:
    path = pack(("secret", b"hello"))
    body = bytearray(path.read_bytes())
    at = body.index(b"PK\x01\x02")
    body[at + 8] |= 1
    body[6] |= 1
    path.write_bytes(body)
    assert "entry 1, 'secret', is encrypted. Pack it without a password." in refusal(path)
    assert nothing_left(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_bound_are_refused(pack: Pack, data: Path, method: int) -> None:
    assert "is packed by a method other than Deflate" in refusal(pack(("x", b"y"), method=method))
    assert nothing_left(data)


def test_more_bytes_than_allowed_are_refused_while_they_are_unpacked(pack: Pack, data: Path) -> None:
    path = pack(("small", b"x"), ("large", b"x" * 3_000_000))
    assert "entry 2, 'large', would take it beyond 2 MB unpacked" in refusal(path, max_unpacked=2 * 1024**2)
    assert nothing_left(data)


def test_a_size_that_lies_is_not_believed(pack: Pack, data: Path) -> None:
    path = pack(("large", b"x" * 3_000_000))
    body = bytearray(path.read_bytes())
    at = body.index(b"PK\x01\x02")
    body[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(body)
    assert "is damaged" in refusal(path, max_unpacked=1024)
    assert nothing_left(data)


def test_a_bomb_is_refused(pack: Pack, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "RATIO_FROM", 1_000_000)
    assert "unpacks to more than 200 times its size" in refusal(pack(("zeros", bytes(4_000_000))))
    assert nothing_left(data)


def test_too_many_entries_are_refused(pack: Pack, data: Path) -> None:
    path = pack(*((f"file-{number}", b"") for number in range(11)))
    assert "it has more than 10 files and folders" in refusal(path, max_entries=10)
    assert nothing_left(data)


def test_a_list_of_entries_longer_than_it_says_is_refused_before_it_is_read(pack: Pack, data: Path) -> None:
    path = pack(*((f"{number}{'x' * 200}", b"") for number in range(400)))
    body = bytearray(path.read_bytes())
    at = body.rindex(b"PK\x05\x06")
    body[at + 8 : at + 12] = struct.pack("<HH", 1, 1)
    path.write_bytes(body)
    assert "it has more than 10 files and folders" in refusal(path, max_entries=10)
    assert nothing_left(data)


def test_folders_that_only_paths_name_count(pack: Pack, data: Path) -> None:
    path = pack(("index.html", b""), *((f"{number}/{'a/' * 50}x", b"") for number in range(5)))
    assert "it has more than 100 files and folders" in refusal(path, max_entries=100)
    assert nothing_left(data)


def test_entries_that_share_their_bytes_are_refused_by_the_list(pack: Pack, data: Path) -> None:
    path = pack(("a", b"x" * 1000), ("b", b"y" * 1000), method=zipfile.ZIP_STORED)
    body = bytearray(path.read_bytes())
    second = body.index(b"PK\x01\x02", body.index(b"PK\x01\x02") + 1)
    body[second + 42 : second + 46] = struct.pack("<I", 0)
    path.write_bytes(body)
    assert "'b' overlaps another entry" in refusal(path)
    assert nothing_left(data)


def test_a_size_that_is_stated_is_refused_before_anything_is_unpacked(pack: Pack, data: Path) -> None:
    path = pack(("index.html", b"hello"), ("large", b"x" * 3_000_000))
    with (
        pytest.raises(ArchiveRefused, match="would take it beyond 2 MB"),
        archive.opened(path, max_unpacked=2 * 1024**2),
    ):
        pytest.fail("it was opened")
    assert not (data / "content").exists()


def test_a_packed_content_is_looked_at_without_unpacking_it(pack: Pack, data: Path) -> None:
    settings = ("site/shop/settings.py", b"STATIC_ROOT = 1")
    path = pack(("site/app.py", b"app = Flask(__name__)"), settings, ("site/x", b""))
    with archive.opened(path) as tree:
        assert tree.use == Use(36, 3)
        assert tree.has("app.py") and not tree.has("site/app.py")
        assert (tree.read("app.py", 5), tree.read("none", 5)) == (b"app =", b"")
        assert tree.matching("*/settings.py") == ["shop/settings.py"]
        assert tree.matching("*.py") == ["app.py"]
    assert not (data / "content").exists()


def test_a_damaged_entry_is_refused_and_what_was_unpacked_before_is_gone(pack: Pack, data: Path) -> None:
    path = pack(("first", b"first"), ("second", b"unmistakable"), method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"unmistakable", b"unmistakeble"))
    assert "entry 2, 'second', is damaged" in refusal(path)
    assert nothing_left(data)


def test_a_name_that_cannot_be_decoded_is_refused(pack: Pack, data: Path) -> None:
    path = pack((entry("ü.html"), b"x"))
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\xff\xfe"))
    assert "cannot be read" in refusal(path)
    assert nothing_left(data)


@pytest.mark.parametrize("body", [b"", b"hello", b"PK\x05\x06", b"PK\x03\x04" + bytes(100), b"\x1f\x8b\x08"])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: Path, body: bytes) -> None:
    path = tmp_path / "site.zip"
    path.write_bytes(body)
    assert "it is not a zip file, or only a part of one" in refusal(path)
    assert nothing_left(data)


def test_half_a_zip_is_refused(pack: Pack, data: Path) -> None:
    path = pack(("index.html", b"hello" * 1000))
    path.write_bytes(path.read_bytes()[:-30])
    assert "only a part of one" in refusal(path)
    assert nothing_left(data)


@pytest.mark.parametrize("entries", [(), (("folder/", b""),), (("__MACOSX/x", b"junk"),), ((".DS_Store", b"junk"),)])
def test_a_zip_without_a_file_is_refused(pack: Pack, data: Path, entries: tuple[Entry, ...]) -> None:
    assert "it holds no file" in refusal(pack(*entries))
    assert nothing_left(data)


def test_the_sentence_shows_no_control_characters(pack: Pack) -> None:
    buffer = io.StringIO(refusal(pack((entry("a\x1b[31mred"), b"x"))))
    assert "\x1b" not in buffer.getvalue()
