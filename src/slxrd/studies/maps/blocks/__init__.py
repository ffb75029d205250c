"""Work on blocks of patterns: refinement and assessment."""
