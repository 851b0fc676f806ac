# One image for `stoa serve`, `stoa worker` and `stoa migrate`. `.ci/image` runs the instructions of this file, in this
# order, without Docker: it reads them from here, so keep to COPY, ENV, RUN, WORKDIR and paths relative to WORKDIR in RUN.

FROM python:3.12-slim AS build
WORKDIR /build
COPY pyproject.toml constraints.txt README.md ./
COPY app ./app
COPY schema ./schema
COPY migrations ./migrations
RUN python -m pip wheel --disable-pip-version-check --no-cache-dir --constraint constraints.txt --wheel-dir wheels '.[pdf,stripe]'

FROM python:3.12-slim
# A fixed id that a cluster can name in its policies; the entry gives it the name and the home that libraries look up.
WORKDIR /
RUN mkdir -p etc home \
    && echo 'stoa:x:10001:10001:Stoa:/home/stoa:/usr/sbin/nologin' >> etc/passwd \
    && echo 'stoa:x:10001:' >> etc/group \
    && mkdir -m 1777 home/stoa
# The wheels are only lent to this step, and nothing is asked of an index: the image holds what the builder resolved.
RUN --mount=type=bind,from=build,source=/build/wheels,target=/wheels \
    python -m pip install --disable-pip-version-check --no-cache-dir --root-user-action=ignore \
        --no-index --find-links wheels 'stoa[pdf,stripe]'
ENV HOME=/home/stoa
ENV PYTHONDONTWRITEBYTECODE=1
ENV PYTHONUNBUFFERED=1
WORKDIR /home/stoa
USER 10001:10001
EXPOSE 8000
# http.client, unlike urllib, never sends this through a proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('STOA_PORT') or 8000), timeout=4); c.request('GET', '/health/ready'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["stoa"]
CMD ["serve", "--host", "0.0.0.0"]
