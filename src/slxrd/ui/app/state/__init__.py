"""State of the page, without widgets."""
