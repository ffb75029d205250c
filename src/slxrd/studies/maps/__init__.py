"""Maps: many patterns of one kind, refined from the solutions of their mean and of their neighbours."""
