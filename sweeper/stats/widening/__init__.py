"""How far intervals of few seeds are widened: Student's distribution and measured factors."""
