"""Residuals and χ² of data against the model."""
