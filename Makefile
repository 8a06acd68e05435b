# `make help` lists the targets. Tools run by `go run`, so that nothing but Go has to be installed.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT       := go run mvdan.cc/gofumpt@v0.12.0
GOVULNCHECK   := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
BENCHSTAT     := go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
SERVICES      := scripts/services

# Optional: a folder with real catalogues and judgments; tests that read it are skipped without it.
ECOSELLER_DATA ?= $(wildcard $(abspath ../shared/data))
export ECOSELLER_DATA

.PHONY: help run build generate check-generated release-schema test chaos bench bench-micro lint services-start services-stop

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: ## start everything embedded
	go run .

build: ## build the program into bin/
	go build -trimpath -o bin/ecoseller .

generate: ## generate graph/ and the resolvers' stubs from schema/
	go generate ./...

check-generated: generate ## fail when generated code is not what is committed
	@git add --intent-to-add graph resolvers && git diff --exit-code -- graph resolvers

release-schema: ## keep the schema as the one that later changes must not break
	cat schema/*.graphql > schema/released/schema.graphql

# Services that ran before stay; others are stopped, also when a test fails.
test: ## start PostgreSQL, Redis and Elasticsearch, and run every test with the race detector
	@running=; $(SERVICES) status >/dev/null 2>&1 && running=1; \
	$(SERVICES) start && eval "$$($(SERVICES) env)" && go test -race -timeout 15m ./...; status=$$?; \
	[ -n "$$running" ] || $(SERVICES) stop; exit $$status

chaos: ## edit and rebuild while a real Elasticsearch is killed and comes back; its other users notice
	$(SERVICES) start && eval "$$($(SERVICES) env)" && go test -race ./search -run 'TestChaos$$' -v -count=1 \
		-chaos.time=60s -chaos.crash='../scripts/services crash elasticsearch'

bench: ## measure the server beside a yardstick, into bench/results/; FLAGS=-short for three minutes
	$(SERVICES) start && eval "$$($(SERVICES) env)" && go run ./bench/speed $(FLAGS)

bench-micro: ## time and allocations of hot paths; compare two outputs with: $(BENCHSTAT) OLD NEW
	@$(SERVICES) start && eval "$$($(SERVICES) env)" && \
	go test -run '^$$' -bench '^Benchmark(Handler|Cursor|Price|MoneyFormatted|QueryTokens|Documents)$$' -count $(or $(COUNT),6) \
		./resolvers ./models ./search/analysis ./search/indexer
	@echo "compare two such outputs: $(BENCHSTAT) OLD NEW" >&2

lint: ## vet, format, golangci-lint, known vulnerabilities
	go vet ./...
	@unformatted=$$($(GOFUMPT) -l $$(git ls-files '*.go' | grep -v -e '^graph/.*generated' -e '_gen.go$$' -e 'resolvers.go$$')); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofumpt:"; echo "$$unformatted"; exit 1; fi
	$(GOLANGCI_LINT) run
	@$(GOVULNCHECK) ./... || { [ $$? -ne 3 ] && echo "govulncheck could not run: is vuln.go.dev reachable? Not checked." >&2; }

services-start: ## start PostgreSQL, Redis and Elasticsearch and leave them running
	$(SERVICES) start

services-stop: ## stop them
	$(SERVICES) stop
