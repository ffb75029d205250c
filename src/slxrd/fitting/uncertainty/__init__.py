"""What can be believed: bootstrap, profiles, maps of χ², posterior."""
