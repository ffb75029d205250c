"""Profile likelihood and maps of χ²."""
