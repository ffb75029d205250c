"""Server, authentication and workspaces of the page."""
