"""The sizes of an instance: the one table of their figures, and own figures."""

from dataclasses import dataclass

from django.db import models

from sites.counted import counted


class InstanceSize(models.TextChoices):
    """Memory and processor of one instance; a property of the site, so that revisions can be reused across slots."""

    SMALL = "small", "Small (1 core, 1.75 GB memory)"
    MEDIUM = "medium", "Medium (2 cores, 3.5 GB memory)"
    LARGE = "large", "Large (4 cores, 7 GB memory)"
    OWN = "own", "Own figures"

    @property
    def caption(self) -> str:
        """The size in a word or two: Small, Own figures."""
        return str(self.label).partition(" (")[0]


@dataclass(frozen=True, slots=True)
class SizeFigures:
    """What one instance may have at most."""

    cpu_percent: int
    """Of one core: 100 is one core, 50 is half of one."""
    memory_mb: int

    @property
    def words(self) -> str:
        """For people: '1 core and 1,792 MB of memory'."""
        cores = self.cpu_percent / 100
        return f"{counted(cores, 'core')} and {self.memory_mb:,} MB of memory"


SIZES = {
    InstanceSize.SMALL: SizeFigures(cpu_percent=100, memory_mb=1792),
    InstanceSize.MEDIUM: SizeFigures(cpu_percent=200, memory_mb=3584),
    InstanceSize.LARGE: SizeFigures(cpu_percent=400, memory_mb=7168),
}
LEAST = SizeFigures(cpu_percent=5, memory_mb=64)
"""Of own figures: with less no interpreter starts in time."""
MOST = SizeFigures(cpu_percent=6400, memory_mb=262_144)


@dataclass(frozen=True, slots=True)
class ChosenSize:
    """A size with its figures, as a web site has it or is to have it."""

    size: InstanceSize
    figures: SizeFigures

    @property
    def title(self) -> str:
        """For sentences: 'Small', 'own figures'."""
        return "own figures" if self.size == InstanceSize.OWN else self.size.caption

    @property
    def words(self) -> str:
        """With its figures: 'Small (1 core and 1,792 MB of memory)'."""
        return f"{self.title} ({self.figures.words})"


def chosen(size: str, own: SizeFigures) -> ChosenSize:
    """A size by its name; `own` are the figures of one that has its own. Raises ValueError for another name."""
    wanted = InstanceSize(size)
    return ChosenSize(wanted, SIZES.get(wanted, own))
