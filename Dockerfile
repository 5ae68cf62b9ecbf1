# dnc, as nobody; the root may be read-only, and the store is the volume /store. See docs/batch.md.
# --build-arg EXTRAS=databases,objects adds these extras, each pinned in requirements-NAME.txt.
FROM python:3.11-slim AS build
ARG EXTRAS=
COPY . /source
RUN python -m venv /opt/dnc \
    && /opt/dnc/bin/pip install --no-cache-dir --require-hashes --requirement /source/requirements.txt \
    && for extra in $(echo $EXTRAS | tr , ' '); do \
        /opt/dnc/bin/pip install --no-cache-dir --require-hashes --requirement /source/requirements-$extra.txt || exit 1; \
    done \
    && /opt/dnc/bin/pip install --no-cache-dir --no-deps --no-build-isolation /source

FROM python:3.11-slim
COPY --from=build /opt/dnc /opt/dnc
RUN install --directory --owner=nobody --group=nogroup /store
ENV PATH=/opt/dnc/bin:$PATH DNC_STORE=/store/dnc-store PYTHONDONTWRITEBYTECODE=1
VOLUME /store
USER nobody
ENTRYPOINT ["dnc"]
