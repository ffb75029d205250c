"""Effects of the diffractometer: resolution and radiation."""
