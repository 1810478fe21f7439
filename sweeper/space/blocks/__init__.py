"""Blocks: parts of one study, each with axes and fixed parameters of its own."""
