"""`python -m dnc`: the command line."""

from dnc.cli.main import main

main()
