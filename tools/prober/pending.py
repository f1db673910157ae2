"""What HTTP/2 and HTTP/3 have in common: an answer that arrives in pieces beside others, and headers of a request."""

import asyncio
from collections.abc import Sequence

from tools.prober.http import Answer, AnswerBroken, Call


class Pending:
    """The answer to one request."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        """Raises AnswerBroken."""
        self.headers: Sequence[tuple[str, str]] = ()
        """With `:status`."""
        self.body = bytearray()

    def complete(self) -> None:
        """Its last piece has arrived."""
        said = dict(self.headers)
        if self.answer.done():
            return
        if ":status" not in said:
            self.end("it ended before an answer began")
            return
        self.answer.set_result(Answer(int(said[":status"]), self.headers, bytes(self.body)))

    def end(self, reason: str) -> None:
        """Nothing more of it will come."""
        if not self.answer.done():
            self.answer.set_exception(AnswerBroken(reason))


def headers_of(call: Call, user_agent: str) -> list[tuple[str, str]]:
    """Of a request over TLS. What only HTTP/1.1 has is left out."""
    kept = [(name.lower(), value) for name, value in call.headers.items() if name.lower() != "connection"]
    length = [("content-length", str(len(call.body)))] if call.body or call.method == "POST" else []
    return [
        (":method", call.method),
        (":scheme", "https"),
        (":authority", call.host),
        (":path", call.path),
        ("user-agent", user_agent),
        *kept,
        *length,
    ]
