"""aosim: a deterministic AO network on your own machine."""
