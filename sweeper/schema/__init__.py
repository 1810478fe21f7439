"""Schema: YAML with places, rules of values, and the base of all sections."""
