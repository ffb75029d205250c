"""User interfaces."""
