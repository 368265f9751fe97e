"""`python tests/harness/lit_main.py ARGS`: lit, which the package offers only as a script whose
place depends on how it was installed."""

from lit.main import main

if __name__ == "__main__":
    main()
