"""Refusals of what a person typed: names, values, numbers, and what somebody else saved meanwhile."""

from collections.abc import Sequence
from typing import Self

from sites.errors.base import Refused
from sites.errors.faults import Fault, sentence_of


class SettingRefused(Refused):
    """Values cannot be taken; always raised with a sentence of its own. `faults` says which, where that is known."""

    code = "SettingRefused"
    http_status = 400
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> Self:
        """The refusal of everything that cannot be saved, at once."""
        it = "it" if len(faults) == 1 else "them"
        refusal = cls(f"{sentence_of(faults)} Nothing was saved yet; change {it} and save again.")
        refusal.faults = tuple(faults)
        return refusal


class NameTaken(SettingRefused):
    """A web site gets a name that another one of the installation has."""

    code = "NameTaken"
    sentence = "The name '{name}' is in use. Choose another; letters, digits and hyphens, at most 40."


class NameRefused(SettingRefused):
    """A web site gets a name that cannot become a host name of its own."""

    code = "NameRefused"
    sentence = "'{name}' cannot be a web site's name: {reason}. {remedy}"


class DomainRefused(SettingRefused):
    """A text cannot be a custom domain name, or is a name of the installation's own."""

    code = "DomainRefused"
    sentence = "'{name}' cannot be a custom domain name: {reason}. Nothing was changed. {remedy}"


class CertificateRefused(SettingRefused):
    """An uploaded certificate cannot be served."""

    code = "CertificateRefused"
    sentence = "The certificate was not taken: {reason}. Nothing was changed. {remedy}"


class TargetRefused(SettingRefused):
    """An event target cannot be taken: its address, its title, its format or its types."""

    code = "TargetRefused"
    sentence = "{reason}, so nothing was saved. {remedy}"


class TrustRefused(SettingRefused):
    """Something of a trust in the tokens of a pipeline cannot be taken."""

    code = "TrustRefused"
    sentence = "The trust cannot be saved: {reason}. Nothing was changed; change it and try again."


class ResourceRefused(SettingRefused):
    """A database cannot be linked to a web site."""

    code = "ResourceRefused"
    sentence = "The resource cannot be linked: {reason}. Nothing was changed; change it and try again."


class Outdated(Refused):
    """Two people edited the same configuration, or it was swapped away meanwhile."""

    code = "Outdated"
    sentence = (
        "{person} {did} at {at} while you were editing. Yours is not saved yet: it stands below beside what is in "
        "force now; save again to put yours over it."
    )


class ChangedMeanwhile(Refused):
    """Somebody else saved what a tab or a dialog shows, after it was opened."""

    code = "ChangedMeanwhile"
    http_status = 412
    sentence = (
        "{what} was changed after you opened this, so yours was not saved. See what holds now{how}, then choose again."
    )


class InstanceCountRefused(Refused):
    """A slot is scaled beyond its mode: Free 1, Shared 1–6, Standard 1–10 instances."""

    code = "InstanceCountRefused"
    sentence = (
        "{count} instances are not possible for '{name}': {mode} mode has 1 to {most}. "
        "It keeps its {present}; choose a number in that range."
    )


class InstanceSizeRefused(Refused):
    """Instances of a size that the mode does not have, or that this machine could never give."""

    code = "InstanceSizeRefused"
    sentence = (
        "The instances of '{name}' cannot have that size: {reason}. Nothing was changed; each stays {present}. {remedy}"
    )


class AutoscaleRefused(SettingRefused):
    """A rule for the instance count that cannot be, or a slot that can have none."""

    code = "AutoscaleRefused"
    sentence = "Autoscale of '{name}' was not changed: {reason}. {remedy}"


class WrongNameTyped(Refused):
    """A web site is deleted, which asks for its name, and another one was typed."""

    code = "WrongNameTyped"
    http_status = 400
    sentence = "The name does not match, so nothing was deleted. Type {name} to delete {what}."
