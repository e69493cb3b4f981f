# For prom/prometheus:…: Debian's own.
FROM arcrun-stand-in-debian
RUN mkdir -p /prometheus && chown nobody /prometheus
USER nobody
ENTRYPOINT ["/bin/prometheus"]
