"""A session of work on one pattern."""
