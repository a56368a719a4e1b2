"""The program's settings with the peer's app beside it."""

from outreach.settings import *  # noqa: F403
from outreach.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "post_office"]
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = 0  # the sink's, set when it runs
POST_OFFICE = {"BATCH_SIZE": 1000, "THREADS_PER_PROCESS": 5, "MAX_RETRIES": 0, "LOG_LEVEL": 0}
EMAIL_TIMEOUT = 30
