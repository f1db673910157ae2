"""State changes as one conditional UPDATE that says whether it won."""

from collections.abc import Iterable

from django.db import models


class StateModel(models.Model):
    """A record with one `state`; subclasses give it choices, and name the sets OPEN and FINAL of their states."""

    state = models.CharField(max_length=16)

    class Meta:
        abstract = True

    def transition(self, sources: str | Iterable[str], target: str, **changes: object) -> bool:
        """Move from one of `sources` to `target`, with `changes` in the same UPDATE.

        Returns False, and changes nothing, when another process was first.
        """
        allowed = [sources] if isinstance(sources, str) else list(sources)
        won = type(self)._default_manager.filter(pk=self.pk, state__in=allowed).update(state=target, **changes)
        if won:
            self.refresh_from_db(fields=["state", *changes])
        return bool(won)
