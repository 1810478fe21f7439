"""The claims of a space: what its study is expected to show."""
