"""The WSGI entry point that granian serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

from outreach.kit.lifeline import end_with_parent

end_with_parent()  # granian's workers would serve on when their master is killed
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
application = get_wsgi_application()
for _front in settings.WSGI_FRONTS:
    application = import_string(_front)(application)
