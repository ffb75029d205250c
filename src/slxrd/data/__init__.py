"""What was measured: patterns, corrections, backgrounds, peaks, regions."""
