# For gcr.io/distroless/cc-…: the same packages of Debian, unpacked, and nothing else.
FROM scratch
COPY bare /
USER 65532
