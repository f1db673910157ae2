"""Greenroom as an installed package; the program itself lies in the folder `app` beside this file, as in a checkout."""
