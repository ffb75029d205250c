"""Results of one sample by several methods, beside each other."""
