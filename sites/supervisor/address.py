"""Where the portal is reached."""

from django.conf import settings


def address(*, port: int = 0) -> str:
    """Of the portal; `port` in place of the settings' one, for a command that started without `--port`."""
    return f"http://{settings.PORTAL_HOST}:{port or settings.PORT}"
