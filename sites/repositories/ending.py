"""How a run of git has ended, and the sentence for its client where git itself could not say why."""

from dataclasses import dataclass

from sites.runtime.spec import EndReason, RunState, RunStatus

WHY = {
    EndReason.MEMORY: "the repository needs more memory than git has here. Push smaller commits, one after the other.",
    EndReason.MACHINE: "the machine is short of memory. Try again later.",
    EndReason.QUOTA: (
        "the repository takes more than this web site may take on the disk. Delete branches that are stored and not "
        "deployed, or ask the administrator to raise SITE_CONTENT_BYTES."
    ),
    EndReason.DISK: "the disk of the server is nearly full. Ask the administrator to free some space, and try again.",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """Of one run."""

    code: int | None
    why: str
    """Why it was ended from outside; empty when it ended by itself."""

    def fault(self, *, has_answered: bool) -> str | None:
        """Why there is no answer, or only a part of one; None when git has told its client what is to tell."""
        if self.why:
            return f"git was ended here: {self.why}"
        if has_answered or self.code == 0:
            return None
        return f"git ended with code {self.code} before it answered. Nothing was changed; try again."


def ending_of(status: RunStatus) -> Ending | None:
    """None while the run goes on."""
    if status.state is RunState.RUNNING:
        return None
    return Ending(status.exit_code, WHY.get(status.reason, ""))
