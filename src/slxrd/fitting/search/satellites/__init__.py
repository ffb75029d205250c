"""Starts for stacks on a substrate from the period of their satellites."""
