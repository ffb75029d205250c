"""Whether the model describes the data, and which quantities are determined."""
