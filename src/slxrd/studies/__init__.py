"""Questions beyond one fit."""
