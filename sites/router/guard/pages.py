"""The pages of the guard, which stand alone: no script, and nothing from elsewhere."""

from html import escape

from sites.router.xds.pages import NOT_FOR_THIS_ADDRESS as NOT_FOR_THIS_ADDRESS
from sites.router.xds.pages import html_page

VISIT_PATH = "/.greenroom/visitors/"
"""Below it the portal answers at the slot's own host names: what a visitor types, and the way back from the sign-in."""
PASSWORD_PATH = f"{VISIT_PATH}password"
CODE_PATH = f"{VISIT_PATH}code"
MAX_PATH = 2000

SIGN_IN_FIRST = html_page(
    "Sign in first",
    "Only people of this web site may see it. Open it as a page in your browser, and sign in there.",
)


def password_form(path: str, said: str = "") -> str:
    """Asks for the password of a slot; `path` is where the visitor goes on to, `said` what was wrong."""
    fault = f'<p role="alert">{escape(said)}</p>' if said else ""
    path = path if len(path) <= MAX_PATH else "/"
    form = (
        f'{fault}<form method="post" action="{PASSWORD_PATH}">'
        f'<input type="hidden" name="next" value="{escape(path)}">'
        '<p><label for="password">Password</label><br>'
        '<input type="password" id="password" name="password" maxlength="200" autocomplete="current-password" '
        "required autofocus></p><p><button>Go on</button></p></form>"
    )
    return html_page("This web site asks for a password", "Its owner gives it to you.", form)


def visit_ended(said: str) -> str:
    """Says why a visitor goes no further here."""
    return html_page("You were not let in", escape(said))
