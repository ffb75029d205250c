"""Which quantities are determined."""
