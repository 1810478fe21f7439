"""Results: tables, estimates and rankings of a study's scores."""
