"""Guild AI: one run, whose flags are the module's variables.

guild run guild_train.py x='[0,1]' y='[0,1]' seed='[0,1]' --stage-trials
"""

from __future__ import annotations

from work import work

x = 0
y = 0
seed = 0

if __name__ == "__main__":
    print(f"score: {work(x, y, seed)}")
