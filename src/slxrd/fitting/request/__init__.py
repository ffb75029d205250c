"""Everything that a fit may be given, declared once: names, types, defaults, constraints and help texts."""
