"""How the columns of the effects are calculated."""
