"""A person who has signed in and must stay so."""

import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tools.prober.client import Exam, HttpClient
from tools.prober.http import Answer, AnswerBroken, Call, Connection, ConnectionRefused
from tools.prober.records import Trouble

TOKEN = re.compile(r"""(?:name="csrfmiddlewaretoken" value=|"csrf": *)"([^"]+)\"""")
"""In a form of HTML, or told as JSON."""


class SignInFailed(Exception):
    """The form was not there, or did not take the name and the password."""


class SessionClient(HttpClient):
    """Signs in once through the form, then asks for a page that shows who is signed in."""

    def __init__(
        self,
        name: str,
        address: tuple[str, int],
        host: str,
        *,
        user: str,
        password: str,
        sign_in_path: str = "/sign-in",
        page_path: str = "/whoami",
        pause_seconds: float = 0.05,
    ) -> None:
        super().__init__(name, "signed-in session", address, self._choose_page, pause_seconds=pause_seconds)
        self._address = address
        self._host = host
        self._user = user
        self._password = password
        self._sign_in_path = sign_in_path
        self._page_path = page_path
        self._cookies: dict[str, str] = {}

    async def prepare(self) -> None:
        """Sign in. Raises SignInFailed."""
        await self._sign_in()

    def judge(self, exam: Exam, answer: Answer) -> tuple[Trouble | None, str]:
        """A page without the person's name, or the way back to the form, is a lost session."""
        trouble, detail = super().judge(exam, answer)
        is_lost = trouble is Trouble.BODY or answer.status in (302, 401, 403)
        return (Trouble.SIGNED_OUT if is_lost else trouble), detail

    async def _sign_in(self) -> None:
        connection = Connection(*self._address, f"{self.name} signing in")
        try:
            await connection.prepare()
            form = await connection.exchange(Call(self._host, self._sign_in_path))
            self._keep_cookies(form)
            token = TOKEN.search(form.body.decode())
            if token is None:
                raise SignInFailed(f"{self._host}{self._sign_in_path} answered {form.status} without a form")
            fields = {"username": self._user, "password": self._password, "csrfmiddlewaretoken": token.group(1)}
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self._cookie()}
            await connection.prepare()
            answer = await connection.exchange(
                Call(self._host, self._sign_in_path, "POST", headers, urlencode(fields).encode())
            )
        except (ConnectionRefused, AnswerBroken) as error:
            raise SignInFailed(f"{self._host}: {error}") from error
        finally:
            connection.close()
        if answer.status not in (200, 302) or not self._has_new_cookie(answer):
            raise SignInFailed(f"{self._host}{self._sign_in_path} answered {answer.status} to the name and password")
        self._keep_cookies(answer)

    def _choose_page(self, number: int) -> Exam:
        return Exam(Call(self._host, self._page_path, headers={"Cookie": self._cookie()}), self._check)

    def _check(self, answer: Answer) -> str:
        self._keep_cookies(answer)
        return "" if self._user in answer.body.decode("utf-8", "replace") else f"'{self._user}' is not on the page"

    def _keep_cookies(self, answer: Answer) -> None:
        for name, value in answer.headers:
            if name == "set-cookie":
                for key, morsel in SimpleCookie(value).items():
                    self._cookies[key] = morsel.value

    @staticmethod
    def _has_new_cookie(answer: Answer) -> bool:
        return any(name == "set-cookie" and value.startswith("sessionid=") for name, value in answer.headers)

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())
