"""The program `greenroom` of the package: what the start script does in a checkout, without fetching anything."""

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

APP = Path(__file__).resolve().parent / "app"
HELP = ("help", "-h", "--help")


def main() -> int:
    """Run the command and return its exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ["PATH"] = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    if not os.environ.get("GREENROOM_DATA"):
        os.environ["GREENROOM_DATA"] = str(default_data_folder(os.environ))
    if sys.argv[1:2] in ([], *([word] for word in HELP)):
        sys.stdout.write(help_text())
        return 0
    sys.path.insert(0, str(APP))
    return int(import_module("portal.command_line").run(sys.argv, os.environ))  # found in the folder just named


def default_data_folder(environment: Mapping[str, str]) -> Path:
    """Where everything is kept unless somebody says otherwise: where the system keeps data, never in the package."""
    if os.geteuid() == 0:
        return Path("/var/lib/greenroom")
    # https://specifications.freedesktop.org/basedir-spec: what is not absolute is ignored
    kept = Path(environment.get("XDG_DATA_HOME", ""))
    return (kept if kept.is_absolute() else Path.home() / ".local" / "share") / "greenroom"


def help_text() -> str:
    """That of the start script, as one types it here, without what changes and tests a checkout."""
    said = subprocess.run(("sh", str(APP / "greenroom"), "help"), capture_output=True, text=True, check=True).stdout
    lines = said.replace("./greenroom", "greenroom").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("  greenroom dev"))
    end = next(number for number in range(start, len(lines)) if not lines[number])
    data = f"  --data DIR             where everything is kept; {default_data_folder(os.environ)} unless said otherwise"
    kept = [data if line.startswith("  --data ") else line for line in (*lines[:start], *lines[end:])]
    return "\n".join(kept) + "\n"
