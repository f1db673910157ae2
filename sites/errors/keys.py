"""Refusals that concern the installation's keys and its data folder."""

from sites.errors.base import Refused


class KeyMissing(Refused):
    """The data folder is in use, and the file of its keys is gone."""

    code = "KeyMissing"
    sentence = (
        "The key file {path} is missing, and the data folder {data} holds values that only its keys can read. "
        "Nothing was changed. Put the file back, or name its place with GREENROOM_KEY_FILE."
    )


class KeyFileRefused(Refused):
    """The key file cannot be read, or cannot be changed."""

    code = "KeyFileRefused"
    sentence = (
        "{path} is not a key file of Greenroom: it has a key of 32 bytes on each line. Nothing was changed. "
        "Put back the copy that you keep, or name the right file with GREENROOM_KEY_FILE."
    )


class DataFolderRefused(Refused):
    """The data folder is no folder, belongs to another user, or holds what is not Greenroom's."""

    code = "DataFolderRefused"
    sentence = "{folder} cannot be the data folder: {reason}. Nothing was changed. {remedy}"
