"""NEW, custom create, and a site that gets its staging slot by way of its mode."""

from __future__ import annotations

from tools.screens.walker import LONG, Walker


def create_staged(steps: Walker, site: str) -> None:
    """The drawer, the dialog of two pages, and the list while it is worked on and afterwards."""
    steps.press("#command-new", then="#new-name")
    steps.fill(new_name=site)
    steps.show("new-quick-create", ".name-mark__free")
    steps.show_at("new-quick-create", 360, 963)
    steps.fill(new_name="www")
    steps.show("new-name-refused", ".name-mark__verdict--fault")
    steps.press("#new-custom", then="#custom-next")
    steps.fill(new_name=site)
    steps.show("new-custom-create", ".name-mark__free")
    steps.press("#custom-next", then="#custom-create-site")
    steps.page.check("input[name=beginning][value=sample]")
    steps.page.check("input[name=has_staging]")
    steps.show("new-custom-create-2")
    steps.show_at("new-custom-create-2", 360)
    steps.follow("#custom-create-site")
    steps.show("list-creating", ".notification--progress")
    steps.show("list-success", ".notification--success")
    steps.close_notification()
    steps.go("/sites/?selected=", "list-tree")
    steps.press(".row__mark", then=".row__mark[aria-expanded=false]")
    steps.show("list-tree-closed")
    steps.press(".row__mark", then=".row__mark[aria-expanded=true]")


def create_plain(steps: Walker, site: str) -> None:
    """Quick create in Free mode, and the pages of a site to which nothing was published."""
    steps.press("#command-new", then="#new-name")
    steps.fill(new_name=site)
    steps.page.select_option("#new-mode", "free")
    steps.see(".name-mark__free")
    steps.follow("#new-create")
    steps.succeed()
    for tab in ("quickstart", "dashboard", "deployments"):
        steps.go(f"/sites/{site}/production/{tab}/", f"{tab}-empty")
    steps.show_at("deployments-empty", 360)


def enable(steps: Walker, site: str) -> None:
    """seed: Enable. The question of another mode; the refusal, UPGRADE, and the question of staged publishing."""
    steps.go(f"/sites/{site}/production/scale/")
    steps.page.check("[name=mode][value=shared]", force=True)
    steps.press("#command-save", then="#question")
    steps.show("mode-question")
    steps.refuse()
    steps.press("#command-discard")
    steps.go(f"/sites/{site}/production/dashboard/")
    steps.press("#glance-enable")
    steps.show("enable-refusal", "#refusal-upgrade")
    steps.follow("#refusal-upgrade")
    steps.show("scale-upgrade")
    steps.follow("#command-save")
    steps.show("enable-question", "#question")
    steps.see(".notification--success", LONG)  # the mode is changed, and its slots are free again
    steps.follow("#answer-yes")
    steps.show("list-enabled", f"tr[data-slot='{site}/staging'][aria-selected=true]")
    steps.succeed()
