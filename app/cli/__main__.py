"""`python -m app.cli`: the `stoa` command without its script."""

from app.cli import main

main()
