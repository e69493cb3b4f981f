# For redis:…: Debian's own.
FROM arcrun-stand-in-debian
RUN mkdir -p /data && chown redis /data
WORKDIR /data
USER redis
CMD ["redis-server", "--protected-mode", "no"]
