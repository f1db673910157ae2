"""Accounts by django-allauth, in the portal's look and with the installation's rules.

allauth has the flows: password, second factor, passkeys, recovery codes, confirmation, sessions, single sign-on, mail
addresses. Here is what an installation of Greenroom wants beside that:

    adapter.py     what allauth asks of a project: limits, stages of a sign-in, where it leads, mail by a worker
    attempts.py    one try at a secret, counted under the limits of `sites.throttling`
    browsers.py    which browsers a person has signed in with
    codes.py       codes of apps and recovery codes: each is good once, in every process
    factors.py     how secrets of factors are kept, and the rule that somebody needs one
    passkeys.py    passkeys: only the portal's own pages may ask for them
    links.py       one-time links that are made on the server
    sessions.py    when a session ends, and the list of those that a person has
    sso.py         single sign-on by OpenID Connect
    notices.py     what a person is told about changes of the account
    views/         thin: allauth's views with our statuses, and the pages that allauth does not have
"""
