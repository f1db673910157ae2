"""Slots and git: which branch a slot deploys, and which commit it serves."""

import re

from django.db import transaction

from sites.errors import SettingRefused
from sites.models import Deployment, DeploymentState, Operation, Slot
from sites.operations.kinds.change_settings import CHANGE_SETTINGS
from sites.services.publisher import Publisher

DEFAULT_BRANCHES = "main master"
MAX_BRANCHES = 5
_NAME = re.compile(r"(?!.*(\.\.|//|\.lock(/|$)|/\.))[A-Za-z0-9_][A-Za-z0-9_./-]{0,98}(?<![./])")
"""git-check-ref-format(1), without what a shell, a page or an address would need quoted."""


def served_commit(slot: Slot) -> tuple[str, str]:
    """Branch and commit of what the slot serves, wherever it was pushed to; both empty when nothing came by git.

    A zip that was published on top of a commit leaves the commit where it is, so that the next push fits.
    """
    workload = slot.current_workload
    active = workload.active_deployment
    if active is not None and active.commit:
        return active.branch, active.commit
    pushed = Deployment.objects.filter(workload=workload, state=DeploymentState.ACTIVE).exclude(commit="")
    newest = pushed.order_by("-received_at", "-pk").first()
    return (newest.branch, newest.commit) if newest else ("", "")


def change_deploy_branches(*, publisher: Publisher, slot: Slot, names: str) -> Operation:
    """Branches whose push is deployed, with blanks or commas between them; the first is the usual one.

    Raises SettingRefused and NotAllowed.
    """
    slot = publisher.checked(slot)
    branches = checked_branches(names)
    with transaction.atomic():
        Slot.objects.filter(pk=slot.pk).update(deploy_branches=" ".join(branches))
        return CHANGE_SETTINGS.record(
            acting_user=publisher.user,
            actor_name=publisher.name,
            site=slot.site,
            target=slot.title,
            outcome=f"Saved for '{slot.title}': a push to {' or '.join(branches)} is deployed.",
        )


def checked_branches(names: str) -> tuple[str, ...]:
    """The names, each once. Raises SettingRefused."""
    branches = tuple(dict.fromkeys(names.replace(",", " ").split()))
    if not 1 <= len(branches) <= MAX_BRANCHES:
        raise SettingRefused(
            f"{len(branches)} branches to deploy are not possible; nothing was saved. Name 1 to {MAX_BRANCHES}."
        )
    for name in branches:
        if not _NAME.fullmatch(name):
            raise SettingRefused(
                f"'{name}' is not a name of a branch that can be deployed; nothing was saved. "
                "Use letters, digits, '-', '_', '.' and '/'."
            )
    return branches
