# Targets are listed by `make help`.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GO      ?= go
BIN     := bin
TOOLS   := $(GO) tool -modfile=scripts/tools/go.mod

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: build ## build, then bring a sandbox up
	@$(BIN)/gwctl up

.PHONY: down
down: build ## take the sandbox down
	@$(BIN)/gwctl down

.PHONY: build
build: ## build gwctl, gatewayd and echo into bin/
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/...

.PHONY: test
test: ## all tests that need no container engine, with the race detector
	$(GO) test -race -shuffle=on ./...

.PHONY: e2e
e2e: build ## the built binaries in the local runtime, killed and healed
	$(GO) test -count=1 -tags e2e ./scripts/e2e/...

.PHONY: e2e-long
e2e-long: build ## all kill points, long load, 20 minutes of fuzzing
	GWCTL_E2E_LONG=1 $(GO) test -count=1 -timeout 60m -tags e2e ./scripts/e2e/...
	scripts/fuzz.sh 300s

.PHONY: bench
bench: build ## cost of a request beside nginx and HAProxy, of a limiter, of a match
	$(GO) run ./scripts/bench

.PHONY: lint
lint: ## golangci-lint, as .golangci.yml says
	$(TOOLS) golangci-lint run ./...

.PHONY: fmt
fmt: ## format the code
	$(TOOLS) golangci-lint fmt ./...

.PHONY: golden
golden: ## write the golden files anew
	$(GO) test ./gatewayd/translate ./gatewayd/kongfile ./gatewayd/plugins ./cmd/... -update

.PHONY: verify
verify: ## tidy, formatted, goldens fresh, and every release binary builds
	$(GO) mod tidy -diff
	$(TOOLS) golangci-lint fmt --diff ./...
	$(GO) vet ./...
	@set -e; for os in linux darwin windows; do for arch in amd64 arm64; do \
	  echo "building $$os/$$arch"; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o dist/$$os-$$arch/ ./cmd/...; \
	done; done
