"""A web site as a file, greenroom.yaml: what it should be, without secrets and without content.

wanted.py    what such a file says
faults.py    why a setting of a file cannot be taken
reading.py   from text to that, with the line of each fault
planning.py  what would change at a portal, in the words of a comparison
exporting.py from a web site to the text of such a file
"""
