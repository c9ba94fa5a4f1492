"""The Celery application of the benchmark's host: `celery -A benchmarks.news.worker worker`."""

import os

from celery import Celery
from kombu.entity import Queue

from strangler.transport.queues import queue_of

app = Celery("news", broker=os.environ["BROKER_URL"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue="monolith",
    task_queues=[Queue(name) for name in ("monolith", *(queue_of(name, "monolith") for name in ("desk", "reader")))],
    worker_prefetch_multiplier=1,
)
app.autodiscover_tasks(["strangler.events"])
