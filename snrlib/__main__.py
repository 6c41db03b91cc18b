"""`python -m snrlib` is the same as `snrlib`."""

from snrlib.commands.cli import main

if __name__ == "__main__":
    main()
