"""The settings as the type checker's Django plugin loads them: no server runs then, and none is reached."""

import os

os.environ.update(
    DATABASE_URL="postgresql://nobody:nothing@127.0.0.1:1/none",
    REDIS_URL="redis://127.0.0.1:1/0",
    OUTREACH_SECRET_KEY="only-for-the-type-checker",
    OUTREACH_CREDENTIAL_KEYS="only-for-the-type-checker",
)

from outreach.settings import *  # noqa: F403  the environment must be set first
