"""The measured application as an archive, one per version."""

import io
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "application"


def archive(version: str) -> bytes:
    """A zip of the application that calls itself `version`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as found:
        for name in ("Procfile", "app.py"):
            found.writestr(name, (FOLDER / name).read_bytes())
        found.writestr("VERSION", f"{version}\n")
    return buffer.getvalue()
