"""Which files differ between two deployments."""

from dataclasses import dataclass

from sites.content import store
from sites.models import Deployment

MAX_SHOWN = 200
"""Names of each kind, on a page."""


@dataclass(frozen=True, slots=True)
class Difference:
    """From one deployment to another."""

    kinds: tuple[tuple[str, list[str]], ...]
    """Added, Changed and Removed, each with its sorted paths, MAX_SHOWN at most."""
    count: int
    """Of all of them."""
    same: int
    """Files that are in both."""

    @property
    def is_cut(self) -> bool:
        """Whether there are more than are named."""
        return self.count > sum(len(paths) for _, paths in self.kinds)


def difference(former: Deployment, present: Deployment) -> Difference | None:
    """What `present` changes of `former`; None when the files of one of them are gone."""
    try:
        before, after = store.files(former.content_digest), store.files(present.content_digest)
    except FileNotFoundError:
        return None
    both = before.keys() & after.keys()
    kinds = {
        "Added": after.keys() - before.keys(),
        "Changed": {path for path in both if before[path] != after[path]},
        "Removed": before.keys() - after.keys(),
    }
    shown = tuple((caption, sorted(paths)[:MAX_SHOWN]) for caption, paths in kinds.items())
    return Difference(shown, sum(map(len, kinds.values())), len(both) - len(kinds["Changed"]))
