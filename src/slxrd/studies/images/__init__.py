"""What pictures of a sample show besides a diffractogram: spots, rings, outlines of superlattices."""
