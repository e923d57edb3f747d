"""The benchmarks: eight workloads, each measured against the floor in the same run.

The floor is what hosting Lua through lupa costs before anything is simulated: one state per process,
a hundred lines of prelude, one function call per message. It is the yardstick because it moves with
the machine: ratios can be compared, microseconds cannot.
"""
