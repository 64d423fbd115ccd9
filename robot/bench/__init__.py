"""Benches: what a command of ``allobot bench`` needs beyond the command line."""
