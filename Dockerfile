# The portal as an image: web server, worker and scheduler are the same image with another command.
# Build: docker build -t opsportal .        Run: see compose.yaml and docs/operate.md

FROM python:3.11-slim AS build
WORKDIR /opt/opsportal
RUN python -m venv .venv
COPY requirements.txt requirements-assets.txt ./
RUN .venv/bin/pip install --no-cache-dir --no-input --require-hashes -r requirements.txt
COPY . .
# Tables, fonts and scripts come from the npm lock, by a Node.js that is not in the image that runs.
RUN .venv/bin/python opsportal/web/assets/build.py \
    && OPSPORTAL_DATA=/tmp/build OPSPORTAL_STATIC_ROOT=/opt/opsportal/static \
       .venv/bin/python manage.py collectstatic --noinput -v0 --ignore 'redoc*' --ignore rest_framework \
    && rm -rf opsportal/web/assets/node_modules tests docs .git

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin opsportal \
    && install -d -o opsportal -g opsportal -m 0700 /var/lib/opsportal
COPY --from=build /opt/opsportal /opt/opsportal
WORKDIR /opt/opsportal
ENV PATH=/opt/opsportal/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPSPORTAL_DATA=/var/lib/opsportal \
    OPSPORTAL_STATIC_ROOT=/opt/opsportal/static
USER opsportal
VOLUME /var/lib/opsportal
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
CMD ["gunicorn", "opsportal.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "2", \
     "--preload", "--no-control-socket", "--graceful-timeout", "20"]
