"""The environment all programs of one platform run in."""

import os

from listino.local.folders import StateFolder
from listino.settings import Settings

# Set for every program to the absolute state folder: tells whose process it is when nobody else knows any more.
INSTANCE_VARIABLE = "LISTINO_INSTANCE"

_PREFIX = "LISTINO_"


def program_environment(settings: Settings, folder: StateFolder, mongo_uri: str, redis_url: str) -> dict[str, str]:
    """This process's environment with every setting spelled out, so that no program depends on a .env file or on the
    folder it is started in. Passed on by inheritance: secrets are written to no file."""
    ours = settings.model_copy(update={"mongo_uri": mongo_uri, "redis_url": redis_url}).environment()
    others = {name: value for name, value in os.environ.items() if not name.upper().startswith(_PREFIX)}
    return others | ours | {INSTANCE_VARIABLE: str(folder.root), "PYTHONUNBUFFERED": "1"}
