#!/usr/bin/env python
"""Django's command line for Greenroom."""

import os
import sys

from django.core.management import execute_from_command_line

from portal.options import take_options

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    execute_from_command_line(take_options(sys.argv, os.environ))
