"""Text files with columns, and Excel workbooks."""
