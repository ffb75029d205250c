"""Steps of the page."""
