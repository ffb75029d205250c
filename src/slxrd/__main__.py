"""``python -m slxrd``."""

from slxrd.cli import main

main()
