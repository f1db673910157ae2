"""Refusals of custom domain names and of certificates."""

from sites.errors.base import Refused


class DomainTaken(Refused):
    """A slot has the domain name already."""

    code = "DomainTaken"
    sentence = "The domain name '{name}' is in use by {slot}. Nothing was changed. Remove it there first."


class DomainLimit(Refused):
    """The mode of the web site allows no more custom domain names."""

    code = "DomainLimit"
    sentence = (
        "'{name}' is in {mode} mode and can have {most} custom domain names for each slot. Nothing was changed. "
        "Choose another mode on the Scale tab, or remove a name."
    )


class CertificateLimit(Refused):
    """The mode of the web site allows no more certificates."""

    code = "CertificateLimit"
    sentence = (
        "'{name}' is in {mode} mode and can have {most} certificates for each slot. Nothing was changed. "
        "Choose Standard mode on the Scale tab, or remove a certificate."
    )


class TooManyCertificateChanges(Refused):
    """The certificates of a web site were changed as often within an hour as they may be."""

    code = "TooManyCertificateChanges"
    http_status = 429
    sentence = (
        "The certificates and TLS settings of '{name}' can be changed {most} times within an hour, and were. "
        "Nothing was changed. Try again in {retry_after} s."
    )
