"""What every refusal and every failure is."""

from collections.abc import Iterator

from sites.plain_text import visible


class GreenroomError(Exception):
    """Base of all. `str(error)` is a sentence for people, `code` is stable for programs."""

    code = "Error"
    sentence = ""
    http_status = 500
    """With which the portal and publishing addresses answer it."""

    def __init__(self, sentence: str | None = None, /, **values: object) -> None:
        self.values = values
        said = sentence if sentence is not None else self.sentence.format(**values)
        super().__init__(visible(said, keep="\n"))  # it may quote what strangers wrote


class Refused(GreenroomError):
    """The caller may act; nothing was changed."""

    code = "Refused"
    http_status = 409  # a conflict with the present state, unless a subclass knows better


class Failed(GreenroomError):
    """Something that was begun did not succeed."""

    code = "Failed"
    http_status = 503


def status_of(code: str) -> int:
    """The HTTP status of the refusal or failure with that code; of one that nobody knows any more, 500."""
    return next(
        (error.http_status for error in _tree(GreenroomError) if error.code == code), GreenroomError.http_status
    )


def _tree(error: type[GreenroomError]) -> Iterator[type[GreenroomError]]:
    yield error
    for below in error.__subclasses__():
        yield from _tree(below)
