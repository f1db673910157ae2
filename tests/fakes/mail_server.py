"""A mail server that keeps what it is given: aiosmtpd on a port of its own, with STARTTLS and a login if wanted."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class MailServer(Controller):
    """At 127.0.0.1. With `tls` it takes nothing before STARTTLS, and then nothing before NAME has signed in."""

    NAME = "greenroom"

    def __init__(self, *, tls: ssl.SSLContext | None = None, password: str = "") -> None:
        with_login = {"tls_context": tls, "require_starttls": True, "auth_required": True} if tls else {}
        super().__init__(self, hostname="127.0.0.1", port=0, authenticator=self._signed_in, **with_login)
        self.password = password
        self.messages: list[EmailMessage] = []
        self.senders: list[str | None] = []
        """Who had signed in when each came; None for nobody."""
        self.has_come = threading.Condition()

    def wait(self, count: int = 1, seconds: float = 30) -> EmailMessage:
        """The newest message, once there are `count`."""
        with self.has_come:
            assert self.has_come.wait_for(lambda: len(self.messages) >= count, seconds), "no mail has come"
            return self.messages[-1]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep it."""
        message = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
        with self.has_come:
            self.messages.append(message)  # type: ignore[arg-type]
            self.senders.append(session.auth_data if session.authenticated else None)
            self.has_come.notify_all()
        return "250 kept"

    def _signed_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        is_right = given == LoginPassword(self.NAME.encode(), self.password.encode())
        return AuthResult(success=is_right, handled=False, auth_data=self.NAME)

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def running(*, tls: ssl.SSLContext | None = None, password: str = "") -> Iterator[MailServer]:
    """Within it the server takes mails."""
    server = MailServer(tls=tls, password=password)
    server.start()
    try:
        yield server
    finally:
        server.stop()
