# dnc alone, as nobody; the root may be read-only, and the store is the volume /store. See docs/many-machines.md.
FROM python:3.11-slim AS build
COPY . /source
RUN python -m venv /opt/dnc \
    && /opt/dnc/bin/pip install --no-cache-dir --require-hashes --requirement /source/requirements.txt \
    && /opt/dnc/bin/pip install --no-cache-dir --no-deps --no-build-isolation /source

FROM python:3.11-slim
COPY --from=build /opt/dnc /opt/dnc
RUN install --directory --owner=nobody --group=nogroup /store
ENV PATH=/opt/dnc/bin:$PATH DNC_STORE=/store/dnc-store PYTHONDONTWRITEBYTECODE=1
VOLUME /store
USER nobody
ENTRYPOINT ["dnc"]
