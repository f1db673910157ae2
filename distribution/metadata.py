"""For the build of the package: it asks for the versions that the tests ran with, and for no others."""

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

PINNED = re.compile(r"^(?P<pin>[A-Za-z0-9][^\s;]*==[^\s;]+)(?P<marker> ; [^\\]+?)?(?: \\)?$", re.MULTILINE)
START_SCRIPT_UV = re.compile(r"^uv_version=(\S+)$", re.MULTILINE)


class PinnedDependencies(MetadataHookInterface):
    """The dependencies of the package: every line of requirements.txt, and the uv of the start script."""

    def update(self, metadata: dict[str, object]) -> None:
        """Set the dependencies."""
        root = Path(self.root)
        uv = START_SCRIPT_UV.search((root / "greenroom").read_text())
        if uv is None:
            raise ValueError("The start script names no version of uv.")
        pins = [
            line["pin"] + (line["marker"] or "") for line in PINNED.finditer((root / "requirements.txt").read_text())
        ]
        metadata["dependencies"] = [*pins, f"uv=={uv[1]}"]
