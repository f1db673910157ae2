"""How two slots compare, as the COMPARE page and the swap's bar word it."""

from dataclasses import dataclass

from sites.counted import counted
from sites.models import Category
from sites.services.compare import ComparedSetting, Comparison, Relation
from sites.services.compared_values import COPIED, copy_state
from sites.services.handler_mappings import from_value
from sites.services.settings import MASKED

NAMES = 200
"""So many files are named on the page; the rest is counted."""


@dataclass(frozen=True)
class SettingLine:
    """One setting by name. Of a hidden secret the values are not there; `relation` tells."""

    name: str
    relation: str
    is_same: bool
    source: str
    target: str
    is_hidden: bool
    setting: ComparedSetting

    @property
    def is_copied_from_source(self) -> bool:
        """Whether the source has a value of its own that the target could get."""
        return self.setting.category in COPIED and self.setting.is_in_source and not self.is_same

    @property
    def is_copied_from_target(self) -> bool:
        """The same the other way round."""
        return self.setting.category in COPIED and self.setting.is_in_target and not self.is_same

    @property
    def state_from_source(self) -> str:
        """The state of a copy to the target, as both sides are shown here."""
        return copy_state(self.setting.source_state, self.setting.target_state)

    @property
    def state_from_target(self) -> str:
        """The same the other way round."""
        return copy_state(self.setting.target_state, self.setting.source_state)


@dataclass(frozen=True)
class SettingGroup:
    """The settings of one category that travel, or those that stay."""

    caption: str
    lines: list[SettingLine]
    category: Category

    @property
    def has_hidden(self) -> bool:
        """Whether values are hidden until somebody asks."""
        return any(line.is_hidden for line in self.lines)


@dataclass(frozen=True)
class FileGroup:
    """Files that the swap adds to production, changes there or takes from it."""

    caption: str
    paths: tuple[str, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """As many as the page names."""
        return self.paths[:NAMES]

    @property
    def title(self) -> str:
        """How many, and what becomes of them."""
        return f"{counted(len(self.paths), 'file')} {self.caption}"

    @property
    def rest(self) -> int:
        """How many it does not."""
        return max(len(self.paths) - NAMES, 0)


def file_groups(comparison: Comparison) -> list[FileGroup]:
    """What the swap does to the files of production; empty when not one differs."""
    content = comparison.content
    groups = (("added", content.added), ("changed", content.changed), ("gone", content.gone))
    return [FileGroup(caption, paths) for caption, paths in groups if paths]


def setting_groups(comparison: Comparison, *, travels: bool) -> list[SettingGroup]:
    """The settings that travel with a swap, or those that stay with their slot, by category."""
    groups = []
    for category, settings in comparison.settings_by_category().items():
        lines = [_line(comparison, setting) for setting in settings if setting.travels == travels]
        if lines:
            groups.append(SettingGroup(category.label, lines, category))
    return groups


def _line(comparison: Comparison, setting: ComparedSetting) -> SettingLine:
    relations = {
        Relation.SAME: "same",
        Relation.DIFFERENT: "different",
        Relation.ONLY_SOURCE: f"only in {comparison.source.title}",
        Relation.ONLY_TARGET: f"only in {comparison.target.title}",
    }
    return SettingLine(
        name=setting.title,
        relation=relations[setting.relation],
        is_same=setting.relation == Relation.SAME,
        source=_shown(setting, setting.source_value),
        target=_shown(setting, setting.target_value),
        is_hidden=setting.category in MASKED and setting.source_value is None and setting.target_value is None,
        setting=setting,
    )


def _shown(setting: ComparedSetting, value: str | None) -> str:
    if value is None or setting.category != Category.HANDLER_MAPPINGS:
        return value or ""
    return " ".join(part for part in from_value(value) if part)


def summary(comparison: Comparison) -> str:
    """One line: what of content and settings differs."""
    content = comparison.content
    files = [
        f"{len(paths):,} {word}"
        for word, paths in (("added", content.added), ("changed", content.changed), ("gone", content.gone))
        if paths
    ]
    differing = [setting for setting in comparison.settings if setting.relation != Relation.SAME]
    travelling = sum(setting.travels for setting in differing)
    return (
        f"Files: {', '.join(files) or 'the same'}. "
        f"Settings that differ: {travelling} travel, {len(differing) - travelling} stay."
    )
