"""Create a web site with what it is to begin with: mode, instances, content, a staging slot; and the sample."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from sites import access, archives
from sites.content import recognition, samples, store
from sites.content.tree import Folder
from sites.counted import counted
from sites.errors import NameTaken, SettingRefused
from sites.models import (
    PRODUCTION,
    STAGING,
    Deployment,
    DeploymentState,
    Mode,
    Operation,
    Site,
    Slot,
    Subscription,
)
from sites.operations.kinds.create_site import CREATE_SITE
from sites.services import names, requests, slots
from sites.services.gathered import Gathered
from sites.services.plain_line import plain_line
from sites.services.sites import under_creation

SAMPLE_NAME = "hello"
SAMPLE_INSTANCES = 2


class Beginning(StrEnum):
    """What a new site serves."""

    EMPTY = "empty"
    SAMPLE = "sample"
    UPLOAD = "upload"


def check_custom_site(*, name: str, mode: str, instance_count: int) -> None:
    """Raises NameRefused, NameTaken or SettingRefused for all that cannot be; a courtesy, creation checks again."""
    checks = Gathered()
    with checks.at("name", "URL"):
        names.check_name(name)
    with checks.at("mode", "Mode"):
        if mode not in Mode.values:
            raise SettingRefused(
                f"'{mode}' is not a mode of a web site; nothing was created. Choose Free, Shared or Standard."
            )
    with checks.at("instance_count", "Instance count"):
        _check_count(mode, instance_count)
    checks.refuse()


def _check_count(mode: str, instance_count: int) -> None:
    most = Mode(mode).max_instances if mode in Mode.values else max(one.max_instances for one in Mode)
    if not 1 <= instance_count <= most:
        where = f"in {Mode(mode).label} mode" if mode in Mode.values else "in any mode"
        raise SettingRefused(
            f"{counted(instance_count, 'instance')} cannot run {where}; nothing was created. "
            + ("Choose 1." if most == 1 else f"Choose 1 to {most}.")
        )


def create_custom_site(
    *,
    acting_user: User,
    subscription: Subscription,
    name: str,
    mode: str,
    instance_count: int,
    beginning: Beginning,
    archive: Path | None = None,
    message: str = "",
    has_staging: bool = False,
    staging_instance_count: int = 1,
) -> Operation:
    """One operation from the name to a site that answers.

    Raises NameRefused, NameTaken, SettingRefused, and what `archives.unpacked` refuses.
    """
    access.ensure_may_change(acting_user, subscription, name)
    check_custom_site(name=name, mode=mode, instance_count=instance_count)
    if has_staging and mode != Mode.STANDARD:
        raise SettingRefused(
            "Staged publishing needs Standard mode; nothing was created. Choose Standard, or create it without staging."
        )
    message = plain_line(message, "The message of the publication")
    if beginning == Beginning.UPLOAD and archive is None:
        raise SettingRefused("No zip file was chosen; nothing was created. Choose one, or begin without content.")
    wanted = _Wanted(
        subscription, name.lower(), mode, beginning, instance_count, staging_instance_count if has_staging else 0
    )
    if beginning != Beginning.UPLOAD and archive is not None:
        raise SettingRefused(
            "A zip file was chosen, and so was a beginning without it; nothing was created. "
            "Choose ZIP FILE to publish it, or leave the file out."
        )
    if archive is None:
        return _create(acting_user, wanted)
    with archives.unpacked(archive, subscription_id=subscription.pk, name=name) as content:
        return _create(acting_user, wanted, content, message)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A web site before it is a row."""

    subscription: Subscription
    name: str
    mode: str
    beginning: Beginning
    instance_count: int
    staging_instance_count: int
    """0: without staging."""


def _create(
    acting_user: User, wanted: _Wanted, content: archives.Unpacked | None = None, message: str = ""
) -> Operation:
    is_sample = wanted.beginning == Beginning.SAMPLE
    try:
        with transaction.atomic():
            site = Site.objects.create(
                subscription=wanted.subscription, name=wanted.name, mode=wanted.mode, is_sample=is_sample
            )
            created = [slots.create_slot(site, PRODUCTION, is_production=True, instance_count=wanted.instance_count)]
            if wanted.staging_instance_count:
                created.append(slots.create_slot(site, STAGING, instance_count=wanted.staging_instance_count))
            if is_sample:
                for slot in created:
                    _give_sample(slot, acting_user.get_username())
            author = acting_user.get_username()
            operation = requests.begin(
                CREATE_SITE,
                acting_user=acting_user,
                site=site,
                slots=created,
                target=site.name,
                upload=content.deployment(archives.Origin(message, author, "Portal")) if content else None,
            )
            if content:
                content.place()
            return operation
    except IntegrityError:
        raise NameTaken(name=wanted.name) from None


def create_sample_site(*, acting_user: User, subscription: Subscription) -> Operation:
    """The sample: Standard mode, two instances, version 1 in production and version 2 in staging; needs no network.

    A double click makes one.
    """
    access.ensure_may_change(acting_user, subscription, SAMPLE_NAME)
    with transaction.atomic():
        Subscription.objects.select_for_update().get(pk=subscription.pk)
        return under_creation(acting_user, subscription, is_sample=True) or create_custom_site(
            acting_user=acting_user,
            subscription=subscription,
            name=_free_sample_name(),
            mode=Mode.STANDARD,
            instance_count=SAMPLE_INSTANCES,
            beginning=Beginning.SAMPLE,
            has_staging=True,
            staging_instance_count=SAMPLE_INSTANCES,
        )


def _free_sample_name() -> str:
    taken = set(Site.objects.filter(name__startswith=SAMPLE_NAME).values_list("name", flat=True))
    numbered = (f"{SAMPLE_NAME}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (SAMPLE_NAME, *numbered) if name not in taken)


def _give_sample(slot: Slot, author: str) -> None:
    version = 1 if slot.is_production else 2
    content = samples.sample_content(SAMPLE_NAME, f"v{version}")
    recipe = recognition.recognise(Folder(store.path_of(content.digest)))
    slot.current_workload.active_deployment = Deployment.objects.create(
        workload=slot.current_workload,
        slot=slot,
        state=DeploymentState.ACTIVE,
        content_digest=content.digest,
        content_bytes=content.bytes,
        content_files=content.files,
        kind=recipe.kind,
        command=list(recipe.command),
        message=f"Version {version} of the sample",
        author=author,
        deployer="Sample",
    )
    slot.current_workload.save(update_fields=["active_deployment"])
