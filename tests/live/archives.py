"""Archives of small web sites, good and bad, as the live tests publish them."""

import io
import zipfile
from pathlib import Path

PROBED = Path(__file__).parent / "probed" / "app.py"
WEB = "web: python3 app.py\n"


def zipped(**files: str) -> bytes:
    """A zip of texts; a name's double underscore stands for its dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return buffer.getvalue()


def probed(version: str) -> bytes:
    """The good one: answers in every way the prober asks."""
    return zipped(app__py=PROBED.read_text(), VERSION=version, Procfile=WEB)


def fails_in_production(what: str) -> bytes:
    """Works under staging's settings, and under production's does `what`: a statement of Python."""
    guard = f"import os\nif os.environ.get('SLOT_MARK') == 'production':\n    {what}\n"
    return zipped(app__py=guard + PROBED.read_text(), VERSION="broken", Procfile=WEB)


def does_at_start(what: str) -> bytes:
    """Does `what`, a statement of Python, before it listens."""
    return zipped(app__py=f"{what}\n{PROBED.read_text()}", VERSION="broken", Procfile=WEB)


def cannot_be_built() -> bytes:
    """Requires a package that does not exist."""
    wanted = "greenroom-package-that-does-not-exist==1.0\n"
    return zipped(app__py=PROBED.read_text(), VERSION="broken", Procfile=WEB, requirements__txt=wanted)


def release_fails() -> bytes:
    """Its release command ends with code 4."""
    release = "release: python3 release.py\n"
    script = "print('no table named orders')\nraise SystemExit(4)\n"
    return zipped(app__py=PROBED.read_text(), VERSION="broken", Procfile=WEB + release, release__py=script)
