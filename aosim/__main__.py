"""`python -m aosim`: the command line."""

from aosim.cli.main import run

if __name__ == "__main__":
    run()
