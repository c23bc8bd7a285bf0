"""The settings of Django."""

import django
import pytest
from django.conf import settings


@pytest.fixture(scope="session", autouse=True)
def django_settings() -> None:
    settings.configure(DEFAULT_CHARSET="utf-8")
    django.setup()
