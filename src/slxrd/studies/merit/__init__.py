"""Disorder, visibility of fringes, figures of merit."""
