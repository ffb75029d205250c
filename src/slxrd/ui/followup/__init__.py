"""Uncertainties after a fit on the command line."""
