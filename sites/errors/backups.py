"""Why a backup is not made, or not restored."""

from sites.errors.base import Failed, Refused


class BackupRefused(Refused):
    """A file that is no backup, or one that this installation cannot take."""

    code = "BackupRefused"
    sentence = "The backup cannot be used: {reason}. Nothing was changed. {remedy}"


class BackupPlaceRefused(Refused):
    """A place where no backup can be written."""

    code = "BackupPlaceRefused"
    sentence = "No backup can be written to {file}: {reason}. Nothing was changed. {remedy}"


class BackupFailed(Failed):
    """A backup that could not be written."""

    code = "BackupFailed"
    sentence = "The backup was not made: {reason}. Nothing of it is left. Fix that, then start it again."


class BackupStoreRefused(Refused):
    """A store for backups that cannot be used as it is set, or does not answer."""

    code = "BackupStoreRefused"
    sentence = "The backup store {store} could not be used: {reason}. Nothing was changed there. {remedy}"
