"""The portal's pictures and styles, where the web server finds them."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.management import call_command


def collect_static() -> bool:
    """Put the portal's pictures and styles where the web server finds them, if they changed since the last time."""
    marker = settings.STATIC_ROOT / ".digest"
    digest = _digest_of_folder(Path(settings.STATICFILES_DIRS[0]))
    if marker.exists() and marker.read_text() == digest:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    marker.write_text(digest)
    return True


def _digest_of_folder(folder: Path) -> str:
    digest = hashlib.sha256(
        (settings.BASE_DIR / "requirements.txt").read_bytes() + (settings.BASE_DIR / "portal/bundles.py").read_bytes()
    )
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found = path.stat()
            digest.update(f"{path.relative_to(folder)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
