# For postgres:…: Debian's own.
FROM arcrun-stand-in-debian
COPY postgres-entrypoint.sh /usr/local/bin/
RUN ln -s /usr/lib/postgresql/*/bin /usr/lib/postgresql/bin
ENV PATH=/usr/lib/postgresql/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENTRYPOINT ["postgres-entrypoint.sh"]
CMD ["postgres"]
