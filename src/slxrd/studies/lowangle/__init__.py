"""The low-angle region."""
