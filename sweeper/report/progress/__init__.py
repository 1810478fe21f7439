"""How far a study is, how fast it goes, and its runs one by one."""
