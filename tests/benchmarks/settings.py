"""The project's own settings, with one view more: the floor that everything is measured by."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.urls"
