"""The small pages that the router answers by itself; no per cent sign may stand in them (Envoy would expand it)."""

from sites.router.table import Page

CONTENT_TYPE = "text/html; charset=utf-8"
RETRY_AFTER_SECONDS = 2
"""Given with every page that may be another one soon."""

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#333;background:#fff}"
    "main{max-width:36em;margin:15vh auto 0;padding:0 1.5em;border-left:6px solid #0072c6}"
    "h1{font-weight:300;font-size:2em;line-height:1.2;margin:0 0 .5em}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}}"
)


def html_page(title: str, text: str, more: str = "") -> str:
    """A whole page; `more` is markup below the text."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1><p>{text}</p>{more}</main></body></html>"
    )


UNKNOWN_HOST = html_page(
    "There is no web site at this address",
    "The address leads to this server, but no web site here has it as a host name. "
    "Check its spelling; a web site that was just created answers within a few seconds.",
)
NO_ANSWER = html_page(
    "This web site does not answer",
    "None of its instances took the request. They are restarted by themselves; try again in a moment. "
    "Its owner finds the reason in the portal, under Logs.",
)
STARTING = html_page("This web site is starting", "It answers in a few seconds; load this page again.")
MAINTENANCE = html_page(
    "This web site is under maintenance",
    "Its owner is working on it, and it comes back. Please try again later.",
)
CLOSED = html_page(
    "This web site lets nobody in just now",
    "Only some visitors may see it, and who they are cannot be found out at this moment. Try again in a moment.",
)
NOT_FOR_THIS_ADDRESS = html_page(
    "This web site is not open to everybody",
    "It can be visited from certain addresses only, and yours is none of them. Ask its owner to let you in.",
)
TLS_1_3_NEEDED = html_page(
    "This web site needs TLS 1.3",
    "Your browser or program speaks TLS 1.2, which this web site does not take. Use a newer one.",
)
PORTAL_SILENT = html_page(
    "The portal does not answer",
    "It is not known whether what you asked for was done. The portal is started again automatically: go back to the "
    "page in a moment, look at it, and try again. Web sites are served meanwhile. If this stays so, the administrator "
    "finds the reason with ./greenroom status.",
)
BUSY = html_page(
    "This server is busy",
    "It has as many requests at once as it can hold, so this one was not begun. Try again in a moment.",
)
SILENT = html_page(
    "This web site took too long to answer",
    "It sent nothing for longer than this server waits. What was asked for may still be under way. "
    "Its owner can have it answer sooner; the administrator can raise SILENCE_SECONDS.",
)
TOO_SLOW = html_page(
    "The request did not arrive",
    "It was not complete in time. Send it again, over a faster connection if you can.",
)
NO_WEB_SOCKETS = "This address takes no WebSockets; its owner can allow them under Configure.\n"
PAGES = {
    Page.STOPPED: (
        403,
        html_page("This web site is stopped", "It answers again as soon as its owner starts it in the portal."),
    ),
    Page.STARTING: (503, STARTING),
}
"""Page → status and body."""
