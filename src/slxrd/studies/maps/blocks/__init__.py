"""Work on blocks of patterns: refinement, assessment, and the finished blocks on disk."""
