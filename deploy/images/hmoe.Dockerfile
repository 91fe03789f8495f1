# One image for worker, producer, pager and dashboard: each is a subcommand of hmoe.
FROM python:3.11.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/hmoe
WORKDIR /source
# torch first and alone, as a CPU build: the exact pin is kept afterwards, and nothing asks for CUDA.
COPY constraints.txt ./
RUN /opt/hmoe/bin/pip install --index-url https://download.pytorch.org/whl/cpu \
    "$(grep '^torch==' constraints.txt)"
COPY pyproject.toml README.md LICENSE ./
COPY stream_hmoe stream_hmoe
COPY monitor monitor
COPY dashboards dashboards
RUN /opt/hmoe/bin/pip install -c constraints.txt '.[avro,redis]'

FROM python:3.11.12-slim-bookworm
RUN groupadd --gid 10001 hmoe \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin hmoe \
    && install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/hmoe /var/cache/hmoe
COPY --from=build /opt/hmoe /opt/hmoe
COPY --chmod=0755 deploy/images/start-worker.sh /usr/local/bin/start-worker
# Compiled code is kept where a volume can keep it; everything else that is written goes to /var/lib/hmoe.
ENV PATH=/opt/hmoe/bin:$PATH NUMBA_CACHE_DIR=/var/cache/hmoe HOME=/tmp PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
USER 10001:10001
WORKDIR /var/lib/hmoe
ENTRYPOINT ["hmoe"]
CMD ["--help"]
