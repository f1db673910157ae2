"""The remote client: `greenroom swap SITE` and others ask a portal by its API. It needs no Django and no data folder.

main.py      the commands together, and how each failure ends the program
login.py     which portal, and with which token
api.py       HTTP: requests that may be sent again, refusals, waiting
show.py      progress on a terminal, plain lines in a pipe, JSON
exits.py     what the exit codes say
commands/    one module for each subject
"""
