"""The only rooms that know lupa."""
