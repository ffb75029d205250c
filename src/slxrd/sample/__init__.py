"""What the sample is: species, planes, crystals, stacks."""
