"""A swap with preview, a swap at once, and the way back."""

from __future__ import annotations

from tools.screens.walker import LONG, Walker


def preview(steps: Walker, site: str) -> None:
    """The question, what PREVIEW prepares, and how it ends."""
    steps.go("/sites/")
    steps.select(f"{site}/staging")
    steps.show("list-selected")
    steps.show_at("list-selected", 360, 963, 2560)
    steps.press("#command-swap", then="#question")
    steps.show("swap-question")
    steps.show_at("swap-question", 360, 963)
    steps.press("#answer-preview")
    steps.show("preview-list", ".notification--waiting")
    steps.show_at("preview-list", 360)
    steps.go(f"/sites/{site}/staging/dashboard/", "preview-dashboard")
    steps.press("#command-complete", then="#question")
    steps.show("complete-question")
    steps.refuse()
    steps.press("#notification-cancel")
    steps.see("#status >> text=Running")
    steps.show("preview-cancelled", ".notification--notice")
    steps.close_notification()


def swap(steps: Walker, site: str) -> None:
    """Progress, its steps, the result."""
    steps.go(f"/sites/?selected={site}/staging")
    steps.press("#command-swap", then="#question")
    steps.press_and_hold("#answer-yes")
    steps.show("swap-progress", ".notification--progress")
    steps.show("swap-success", ".notification--success")
    steps.show_at("swap-success", 360)
    steps.press("#notification-details", then="#notification-back")
    steps.show("swap-steps")
    steps.press("#notification-back")
    steps.close_notification()


def roll_back(steps: Walker, site: str) -> None:
    """The question while nothing was altered, and after staging was."""
    steps.go(f"/sites/?selected={site}/production")
    steps.press("#command-rollback", then="#question")
    steps.show("rollback-question")
    steps.refuse()
    steps.publish(site, "staging", {"index.html": "<h1>A mended version</h1>"})
    steps.show("publish-progress", ".notification--progress")
    steps.succeed()
    steps.go(f"/sites/?selected={site}/production")
    steps.press("#command-rollback", then="#question")
    steps.show("rollback-altered-question")
    steps.press("#answer-unaltered")
    steps.see(".notification--success", LONG)
    steps.close_notification()
    steps.go(f"/sites/{site}/production/swaps/", "swap-history")
    steps.show_at("swap-history", 360)
