"""Uncertainties: bootstrap, profiles, maps of χ², posterior."""
