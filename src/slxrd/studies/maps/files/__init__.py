"""Files of maps: stacks of patterns, and results."""
