"""``python -m bot.cli``: the same as ``steadyhand``."""

from bot.cli import main

main()
