#!/usr/bin/env python
"""Greenroom's command line: `up`, which does without most of Django, and Django's commands."""

import os
import sys

from portal.command_line import run

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    sys.exit(run(sys.argv, os.environ))
