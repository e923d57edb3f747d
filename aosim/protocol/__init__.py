"""The module protocol: a backend for test-suites written for the ao loader, one JSON object per line."""
