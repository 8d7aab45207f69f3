"""How often Python looks for garbage in processes that read pages by the thousand."""

import gc


def collect_seldom() -> None:
    """To be called once all is imported: what is there by now is never looked through again, and what comes is seldom.

    A page leaves hundreds of small objects behind and hardly a cycle; looking for cycles every 700 objects, as Python does
    by itself, takes a tenth of the reading. https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
