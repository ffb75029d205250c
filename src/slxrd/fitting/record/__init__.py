"""Request and result as text, command line and JSON."""
