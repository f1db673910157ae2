#!/usr/bin/env python
"""Greenroom's command line: `up`, which does without Django, and Django's commands."""

import os
import sys

from portal.options import take_options

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    arguments = take_options(sys.argv, os.environ)
    if arguments[1:2] == ["up"]:
        from sites.management.up import main

        sys.exit(main(arguments[2:]))
    from django.core.management import execute_from_command_line

    execute_from_command_line(arguments)
