# sodns as an image of a container: docker build -t sodns .
# It runs with a read-only root and without rights. A place for copies of plugins has to be given, whose files can be executed:
#   docker run --read-only --tmpfs /tmp:exec,size=64m --cap-drop ALL --security-opt no-new-privileges \
#     -v $PWD/Corefile:/etc/sodns/Corefile:ro -p 53:53/udp -p 53:53/tcp sodns
FROM debian:12 AS build
WORKDIR /src
# What is installed changes more rarely than the rest.
COPY tools/deps tools/
RUN tools/deps --package
COPY . .
RUN tools/package
# The package's files without manuals, the unit and the Corefile for loopback alone; and what they need of Debian.
RUN dpkg-deb -x build/package/sodns_*.deb /image \
 && rm -r /image/usr/share/man /image/usr/share/lintian /image/usr/lib/systemd /image/etc/sodns/Corefile \
 && dpkg-deb -f build/package/sodns_*.deb Depends | sed 's/adduser, //' >/depends

FROM debian:12-slim
LABEL org.opencontainers.image.title="sodns" \
      org.opencontainers.image.description="A DNS server whose every feature is a plugin" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="debian:12-slim"
COPY --from=build /depends /usr/share/sodns/depends
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get satisfy -y --no-install-recommends "$(cat /usr/share/sodns/depends), ca-certificates, iproute2" \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
COPY --from=build /image/ /
# For the cache on nodes, whose address it keeps.
COPY tools/deploy/node-address /usr/lib/sodns/
RUN ldconfig
# Nobody on any host. Port 53 is open to it where net.ipv4.ip_unprivileged_port_start is 53 or less: Docker sets that in a container's
# own network; podman and Kubernetes are told to (--sysctl, securityContext.sysctls). Else: -dns.port 1053. A capability of the
# container, NET_BIND_SERVICE, does not reach a user other than root, and would do nothing here.
USER 65532:65532
# The Corefile is ./Corefile; without one it answers whoami, as CoreDNS does.
WORKDIR /etc/sodns
EXPOSE 53/udp 53/tcp
STOPSIGNAL SIGTERM
# The plugins health and ready are there to be probed from outside.
HEALTHCHECK NONE
ENTRYPOINT ["/usr/bin/sodns"]
