# The server and the worker: one static binary.
FROM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# A volume takes the owner of the folder it is put over.
RUN mkdir /media
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X main.version=$VERSION" -o /ecoseller .

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /ecoseller /ecoseller
COPY --from=build --chown=65532:65532 /media /media
# Inside a container the loopback is nobody else's.
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/ecoseller", "healthcheck"]
ENTRYPOINT ["/ecoseller"]
