"""Celery: wake-up hints only. PostgreSQL is the queue, so an emptied Redis costs latency and nothing else."""

from __future__ import annotations

import os
import warnings

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from celery.signals import celeryd_after_setup, setup_logging, worker_process_init, worker_shutting_down

from outreach.kit.lifeline import end_with_parent
from outreach.kit.stopping import SHUTDOWN

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")

# Celery warns of running as root because of pickle; only JSON is accepted here (outreach.clockwork).
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("outreach")
app.config_from_object("outreach.clockwork")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_django_logging(**_kwargs: object) -> None:
    """Leave logging to outreach.kit.log: Celery would replace the handlers."""


@celeryd_after_setup.connect
def _take_no_advice(**_kwargs: object) -> None:
    """Each lost connection advises a setting that outreach.clockwork has made up its mind about.

    Celery's own set-up switches these warnings on, so that it takes a later moment to switch them off.
    """
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)


@worker_process_init.connect
def _end_with_the_worker(**_kwargs: object) -> None:
    """A pool process must not go on with its task when its worker was killed."""
    end_with_parent()


@worker_shutting_down.connect
def _tell_the_pool(**_kwargs: object) -> None:
    """Celery waits for its pool processes when it is asked to end, and does not tell them. Runs in a signal handler."""
    SHUTDOWN.ring()
