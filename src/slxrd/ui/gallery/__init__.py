"""Figures and tables of the 2021 paper."""
