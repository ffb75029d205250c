"""One minimum of χ²."""
