"""A repository elsewhere for tests of the domain: its newest commit lies where a run of git would have left it."""

import zipfile
from pathlib import Path

from sites.models import Operation, Slot
from sites.runtime.spec import RunSpec
from sites.services import source_control
from tests.domain import Domain
from tests.fakes.runtime import MemoryRuntime

URL = "https://192.0.2.7/team/site.git"
COMMIT = "a" * 40


class FetchedRepository:
    """What every fetch of that runtime finds, from now on."""

    def __init__(self, runtime: MemoryRuntime) -> None:
        self.commit = COMMIT
        self.files = {"index.html": "fetched"}
        self.runs: list[RunSpec] = []
        self._start = runtime.start_run
        runtime.start_run = self._begin  # type: ignore[method-assign]

    def _begin(self, spec: RunSpec) -> None:
        self._start(spec)
        if not spec.run_id.startswith("fetch-"):
            return
        self.runs.append(spec)
        out = Path(next(mount.source for mount in spec.mounts if mount.is_writable))
        (out / "head").write_text(f"{self.commit}\n")
        if self.commit != spec.env["SERVED_COMMIT"]:
            (out / "commit").write_text(f"{self.commit}\nmain\nAda\nNew colours\n")
            with zipfile.ZipFile(out / "content.zip", "w") as archive:
                for name, text in self.files.items():
                    archive.writestr(name, text)


def connect_source(domain: Domain, slot: Slot, **values: object) -> Operation:
    """Alice connects the slot; `values` in place of the usual ones."""
    base = {"acting_user": domain.alice, "provider": "github", "url": URL, "branch": "main"}
    return source_control.connect(slot=slot, **{**base, **values})
