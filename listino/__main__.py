"""`python -m listino`: the `listino` command where it is not on PATH."""

from listino.cli.main import main

if __name__ == "__main__":
    main()
