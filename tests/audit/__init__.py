"""Hostile input, misuse and interruption in large numbers: ``nox -s audit``; docs/audit.md has the table."""
