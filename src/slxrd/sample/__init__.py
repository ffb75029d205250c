"""The sample: species, planes, crystals, stacks."""
