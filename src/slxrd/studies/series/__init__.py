"""Many patterns of one sample."""
