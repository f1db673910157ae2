"""What goes into the machine."""

import tarfile
from pathlib import Path

from tests.machine.machine import pack_checkout


def test_the_checkout_goes_in_as_it_is_without_what_is_ignored(tmp_path: Path) -> None:
    pack_checkout(tmp_path / "checkout.tar")
    with tarfile.open(tmp_path / "checkout.tar") as tar:
        names = tar.getnames()
        start_script = tar.getmember("greenroom")
    assert start_script.mode & 0o111
    assert "tests/machine/test_checkout.py" in names
    assert not [name for name in names if name.split("/")[0] in (".git", ".venv", ".data")]
