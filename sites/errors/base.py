"""What every refusal and every failure is."""

from sites.plain_text import visible


class GreenroomError(Exception):
    """Base of all. `str(error)` is a sentence for people, `code` is stable for programs."""

    code = "Error"
    sentence = ""

    def __init__(self, sentence: str | None = None, /, **values: object) -> None:
        self.values = values
        said = sentence if sentence is not None else self.sentence.format(**values)
        super().__init__(visible(said, keep="\n"))  # it may quote what strangers wrote


class Refused(GreenroomError):
    """The caller may act; nothing was changed."""

    code = "Refused"


class Failed(GreenroomError):
    """Something that was begun did not succeed."""

    code = "Failed"
