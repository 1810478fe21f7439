"""Features that all networks of an agent read: one file each, whose name is the kind's."""
