"""The catalogue that is measured: made and imported with the commands that people use."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from click import echo

from listino.settings import Settings


def fill(settings: Settings, products: int) -> None:
    """Imports products 1 to `products` where the settings say."""
    environment = {**os.environ, **settings.environment()}
    listino = str(Path(sys.executable).with_name("listino"))
    with tempfile.TemporaryDirectory(prefix="listino-dataset-") as folder:
        for words in (("make-dataset", folder, "--products", str(products), "--seed", "1"), ("import", folder)):
            echo(f"listino {' '.join(words)}", err=True)
            subprocess.run([listino, *words], env=environment, stdout=subprocess.DEVNULL, check=True)
