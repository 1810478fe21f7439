"""The space language as a JSON Schema (draft 7), for editors: made of the models of a space."""
