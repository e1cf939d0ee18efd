# Aramid's tools for everybody who is not on Debian 12.
#
#   docker build -t aramid .
#   docker run --rm -it -v "$PWD:/aramid" aramid make boot
#
# Untested: this file was written on a machine without a Docker engine.  What it does, installing the
# packages that tools/packages.txt names on Debian 12, is tested on Debian 12 itself.
FROM debian:12

COPY tools/setup tools/packages.txt /setup/
RUN apt-get update && /setup/setup && apt-get clean && rm -rf /setup

WORKDIR /aramid
CMD ["make", "help"]
