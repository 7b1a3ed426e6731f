"""``python -m tinygrad_jp``: the same as the command ``tinygrad-jp``."""

import sys

from tinygrad_jp.cli import main

if __name__ == "__main__":
    sys.exit(main())
