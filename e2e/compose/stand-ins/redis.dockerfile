# For redis:…: Debian's own.
FROM arcrun-stand-in-debian
COPY redis-entrypoint.sh /usr/local/bin/
RUN mkdir -p /data && chown redis /data
WORKDIR /data
USER redis
ENTRYPOINT ["redis-entrypoint.sh"]
CMD ["redis-server"]
