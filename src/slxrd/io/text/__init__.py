"""Text files with columns, and workbooks."""
