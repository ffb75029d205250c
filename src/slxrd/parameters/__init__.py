"""What is refined: definitions, bounds, ties, priors."""
