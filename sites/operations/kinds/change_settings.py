"""The configuration of a slot changes."""

from collections.abc import Sequence

from sites.models import Operation, SlotChange
from sites.operations.kind import OperationKind
from sites.operations.wording import quoted


class ChangeSettings(OperationKind):
    """What was saved stays saved also where the application does not start with it."""

    name = "change_settings"
    noun = "change of settings"
    doing = "Changing the settings of '{target}'"
    alters_content = True
    stays_saved = True

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """Says whether they are in force."""
        is_running = changes[0].is_running_after
        when = "its instances run with them" if is_running else "they are in force once it is started"
        return f"Saved the settings of {quoted(operation.target)}; {when}."

    def failure(self, changes: Sequence[SlotChange]) -> str:
        """Says what to do with what was saved."""
        return (
            f"{super().failure(changes)} "
            "The settings are saved but not in force; a restart, publication or swap tries them again."
        )


CHANGE_SETTINGS = ChangeSettings()
