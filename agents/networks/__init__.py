"""Network bodies: `agents/networks/<name>.py` defines class `Body`; layers and norms they share."""
