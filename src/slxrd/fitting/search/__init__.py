"""All minima of χ²."""
