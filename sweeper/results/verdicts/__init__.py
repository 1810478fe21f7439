"""What a study says of the claims of its space."""
