"""Resolution and zero error measured from a standard."""
