# The command `edgewise` as a user without rights. A table lies in the folder that is mounted, the run is written there:
#   docker build --tag edgewise .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/data" edgewise fit data.csv --target y --out run
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
# the wheels of torch for CPUs: those of PyPI bring several gigabytes of CUDA along
RUN python -m venv /opt/edgewise \
 && /opt/edgewise/bin/pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu '.[all]'

FROM python:3.13-slim
RUN useradd --create-home --uid 1000 edgewise
COPY --from=build /opt/edgewise /opt/edgewise
# the font cache: also for a user of another number, given with --user
ENV PATH=/opt/edgewise/bin:$PATH EDGEWISE_CACHE_DIR=/opt/edgewise/code MPLCONFIGDIR=/tmp/matplotlib
RUN edgewise warmup
USER edgewise
WORKDIR /data
ENTRYPOINT ["edgewise"]
CMD ["--help"]
