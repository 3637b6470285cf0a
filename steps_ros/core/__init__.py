"""Networks, geometry and losses: tensors in, tensors out."""
