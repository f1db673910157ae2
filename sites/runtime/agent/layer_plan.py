"""What is laid over a content: said by the agent, carried out by `overlay`, which imports nothing of ours."""

from dataclasses import dataclass

from sites.runtime.agent import overlay


@dataclass(frozen=True, slots=True)
class Folder:
    """A persistent folder that is seen inside the content."""

    source: str
    inside: str
    """Where, relative to the content."""
    is_writable: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What is laid over what."""

    content: str
    place: str
    """An empty folder of the agent, over which the layer is mounted; nobody outside the namespace sees that."""
    user: int | None
    """To whom the content's files appear to belong; None where the agent is not root: then they are its own."""
    size_bytes: int
    max_files: int
    folders: tuple[Folder, ...]

    def pack(self) -> bytes:
        """For the script. Raises OSError for a path with a NUL character."""
        folders = [(folder.source, folder.inside, folder.is_writable) for folder in self.folders]
        return overlay.pack(self.content, self.place, self.user, self.size_bytes, self.max_files, folders)
