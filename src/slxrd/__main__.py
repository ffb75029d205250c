"""``python -m slxrd``."""

from slxrd.ui.cli.main import main

main()
