"""Schema: YAML with line numbers, validation rules for values, and the base of all sections."""
