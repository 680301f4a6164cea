# One image a role: docker build --target agent|analyzer|dashboard|users .
# For amd64 and arm64 at once: docker buildx bake. No step depends on the machine.
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir "uv>=0.9"
ENV UV_PROJECT_ENVIRONMENT=/opt/sacmes UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY sacmes_core sacmes_core
COPY agent agent
COPY analyzer analyzer
COPY dashboard dashboard
COPY mosquitto mosquitto

FROM build AS build-agent
RUN uv sync --frozen --no-editable --extra agent --extra serial

FROM build AS build-analyzer
RUN uv sync --frozen --no-editable --extra analyzer --extra postgres

FROM build AS build-dashboard
RUN uv sync --frozen --no-editable --extra dashboard

FROM python:3.11-slim AS runtime
ENV PATH=/opt/sacmes/bin:$PATH PYTHONUNBUFFERED=1 SACMES_HOME=/data
RUN useradd --uid 10001 --no-create-home --home-dir /data sacmes \
    && install -d -o sacmes -g sacmes -m 0700 /data
USER 10001

FROM runtime AS agent
COPY --from=build-agent /opt/sacmes /opt/sacmes
VOLUME /data
CMD ["sacmes-agent", "watch", "/files"]

FROM runtime AS analyzer
COPY --from=build-analyzer /opt/sacmes /opt/sacmes
ENV SACMES_HTTP=127.0.0.1:9464
VOLUME /data
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:9464/readyz')"]
CMD ["sacmes-analyzer", "run"]

FROM runtime AS dashboard
COPY --from=build-dashboard /opt/sacmes /opt/sacmes
EXPOSE 8501
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/healthz')"]
CMD ["sacmes-dashboard", "--host", "0.0.0.0", "--port", "8501"]

# The administrator's script, with mosquitto_passwd beside it.
FROM runtime AS users
USER root
RUN apt-get update && apt-get install -y --no-install-recommends mosquitto \
    && rm -rf /var/lib/apt/lists/* && install -d -o 1883 -g 1883 -m 0700 /mosquitto/rights
COPY --from=build-agent /opt/sacmes /opt/sacmes
COPY mosquitto /opt/sacmes/mosquitto
ENV SACMES_RIGHTS=/mosquitto/rights
USER 1883:1883
ENTRYPOINT ["python", "/opt/sacmes/mosquitto/users.py"]
CMD ["--help"]
