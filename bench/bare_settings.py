"""Settings of the bare view: Django's own defaults."""

SECRET_KEY = "bench"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bench.bare"
USE_I18N = False
