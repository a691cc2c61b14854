"""The WSGI application for any server that speaks it."""

import os

from django.core.wsgi import get_wsgi_application

from config.collecting import leave_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
leave_what_is_loaded()
