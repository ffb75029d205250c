"""PANalytical and Philips formats."""
