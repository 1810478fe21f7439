"""The page `report.html`: its parts, its template, and the file that comes of them."""
