"""Celery's settings and every recurring job of the program, on one page."""

from __future__ import annotations

from outreach.env import env

broker_url = env().redis_url
broker_connection_retry_on_startup = True
broker_transport_options = {"visibility_timeout": 3600, "socket_keepalive": True, "health_check_interval": 25}
result_backend = None
task_ignore_result = True
task_serializer = "json"
accept_content = ["json"]
# A task may run twice, late or never; the next tick finds in PostgreSQL whatever was lost.
task_acks_late = False
# What waits for other people's servers, or takes minutes, has workers of its own. All others are ticks and sweeps: they
# are through in a moment, and while they wait nothing is sent and nothing is settled.
task_routes = {
    "outbox.deliver": {"queue": "deliver"},
    "inbox.read": {"queue": "jobs"},
    "contacts.run_import": {"queue": "jobs"},
    "contacts.run_dry_run": {"queue": "jobs"},
    "contacts.undo_import": {"queue": "jobs"},
    "contacts.run_check": {"queue": "jobs"},
    "contacts.run_bulk": {"queue": "jobs"},
    "contacts.run_removal": {"queue": "jobs"},
    "contacts.look_again": {"queue": "jobs"},
    "contacts.sweep_erasures": {"queue": "jobs"},
    "contacts.keep_retention": {"queue": "jobs"},
    "domains.check": {"queue": "jobs"},
    "domains.check_asked": {"queue": "jobs"},
    "domains.check_watched": {"queue": "jobs"},
    "mailboxes.watch_domains": {"queue": "jobs"},
    "links.check_domains": {"queue": "jobs"},
    "dmarc.forget": {"queue": "jobs"},
    "planner.grow": {"queue": "jobs"},
    "planner.call_off": {"queue": "jobs"},
    "rehearsal.run": {"queue": "jobs"},
    "planner.learn": {"queue": "jobs"},
    "planner.foresee": {"queue": "jobs"},
}
worker_prefetch_multiplier = 1
worker_cancel_long_running_tasks_on_connection_loss = False
worker_send_task_events = False
timezone = "UTC"
enable_utc = True

beat_schedule = {
    "accounts: forget the answers that are kept for a day": {
        "task": "accounts.forget_answers",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "outbox: lease mailboxes with due work and deliver": {
        "task": "outbox.tick",
        "schedule": 2.0,
        "options": {"expires": 10},
    },
    "mailboxes: forget what no budget looks at any more": {
        "task": "outbox.trim",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "mailboxes: forget old tests and sign-ins that were not completed": {
        "task": "mailboxes.trim",
        "schedule": 1800.0,
        "options": {"expires": 1800},
    },
    "domains: look up the records of signing keys": {
        "task": "domains.check",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "domains: check the domains that mailboxes send from": {
        "task": "domains.check_watched",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "mailboxes: watch the domains that they send from": {
        "task": "mailboxes.watch_domains",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "links: look whether tracking domains still lead here": {
        "task": "links.check_domains",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "dmarc: forget reports of more than a year ago": {
        "task": "dmarc.forget",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "outbox: settle what a dead worker left behind": {
        "task": "outbox.sweep",
        "schedule": env().lease_s / 4,
        "options": {"expires": 15},
    },
    "inbox: read the mailboxes whose turn it is": {
        "task": "inbox.tick",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "inbox: wake the conversations whose snooze is over": {
        "task": "inbox.wake",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "ledger: make one part of the many parts of each tally": {
        "task": "ledger.fold",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "ledger: forget what held mailboxes and campaigns months ago": {
        "task": "ledger.forget",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "tracking: write down the hits that are in Redis": {
        "task": "tracking.flush",
        "schedule": 2.0,
        "options": {"expires": 10},
    },
    "tracking: judge the hits whose burst is over": {
        "task": "tracking.judge",
        "schedule": 10.0,
        "options": {"expires": 20},
    },
    "tracking: forget networks and programs of a month ago": {
        "task": "tracking.forget",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "planner: stop what people complain about, also where it carries mail again": {
        "task": "planner.guard",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "planner: enroll who came into the audience of a campaign that grows": {
        "task": "planner.grow",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "planner: learn from outcomes which domains take mail for any address": {
        "task": "planner.learn",
        "schedule": 6 * 3600.0,
        "options": {"expires": 3600},
    },
    "planner: foresee anew the running campaigns whose outlook is old or overtaken": {
        "task": "planner.foresee",
        "schedule": 120.0,
        "options": {"expires": 120},
    },
    "planner: let campaigns follow the tags by which they choose mailboxes": {
        "task": "planner.follow_tags",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "planner: call off who still waits in campaigns that were stopped": {
        "task": "planner.call_off",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "rehearsal: begin anew what lost its worker, forget what is old": {
        "task": "rehearsal.sweep",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "contacts: pick up imports whose worker died": {
        "task": "contacts.sweep_imports",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "contacts: go on with checks of addresses that nobody works at": {
        "task": "contacts.sweep_checks",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "contacts: go on with acts on many contacts, and with fields being removed, that nobody works at": {
        "task": "contacts.sweep_bulk",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "contacts: go on with erasures that a message or a crash held up": {
        "task": "contacts.sweep_erasures",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "contacts: forget what workspaces do not want to keep, once a day each": {
        "task": "contacts.keep_retention",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "contacts: look up again the domains that are in doubt or take no mail": {
        "task": "contacts.look_again",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
}
