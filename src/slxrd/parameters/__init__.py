"""Parameters: definitions, bounds, ties, priors."""
