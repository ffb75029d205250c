"""Orientation of crystals from the rings and spots of an image: preferred plane, tilt, impurities."""
