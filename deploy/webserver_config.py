"""Who logs in to Airflow, and how: Flask AppBuilder's configuration, read by the API server (docs/production.md)."""

import os

from flask_appbuilder.const import AUTH_DB

# Accounts in Airflow's database, made by an administrator. For your identity provider take AUTH_OAUTH, AUTH_LDAP or
# AUTH_REMOTE_USER here; Flask AppBuilder's documentation has the settings of each.
AUTH_TYPE = AUTH_DB
AUTH_USER_REGISTRATION = False
WTF_CSRF_ENABLED = True

# How often somebody has tried to log in is counted for all processes of all API servers together.
RATELIMIT_STORAGE_URI = os.environ["AIRFLOW__CELERY__BROKER_URL"]
