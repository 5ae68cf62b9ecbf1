"""`python -m dnc`: the command line."""

from dnc.cli import main

main()
