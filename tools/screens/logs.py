"""What was done: the operation logs, an operation's details, and what is deleted and comes back."""

from __future__ import annotations

from tools.screens.walker import Walker


def delete_and_restore(steps: Walker, site: str) -> None:
    """DELETE's menu and its questions; the way back in the operation logs."""
    steps.go(f"/sites/?selected={site}/production")
    steps.press("#command-delete", then=".menu--command[open]")
    steps.show("delete-menu")
    steps.press(".menu--command .menu__panel a >> nth=0", then="#typed-name")
    steps.show("delete-both-question")
    steps.fill(typed_name=site)
    steps.show("delete-both-typed", "#answer-yes:not([disabled])")
    steps.show_at("delete-both-typed", 360)
    steps.refuse()
    steps.press("#command-delete", then=".menu--command[open]")
    steps.press(".menu--command .menu__panel a >> nth=1", then="#question")
    steps.show("delete-staging-question")
    steps.press("#answer-yes")
    steps.succeed()
    steps.go("/operations/", "operation-logs")
    steps.show_at("operation-logs", 360, 963)
    steps.press("[data-row] td >> nth=0", then="[data-row].row--selected")
    steps.show("operation-logs-selected")
    steps.press("#command-restore", then="#question")
    steps.show("restore-question")
    steps.press("#answer-yes")
    steps.succeed()


def look_up(steps: Walker, site: str) -> None:
    """Filtered, and an operation with its steps."""
    steps.go(f"/operations/?site={site}&kind=swap", "operation-logs-filtered")
    steps.press("[data-row] .row__title >> nth=0", then="#operation-lines")
    steps.show("operation-details")
    steps.show_at("operation-details", 360)
    steps.page.keyboard.press("Escape")
    steps.go("/operations/?site=nothing", "operation-logs-none")
