"""Crystals by name: one TOML file each, with where its numbers come from."""
