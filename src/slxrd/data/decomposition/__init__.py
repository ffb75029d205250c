"""A region as a sum of peaks."""
