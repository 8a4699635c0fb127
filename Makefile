# Targets are listed by `make help`.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GO      ?= go
BIN     := bin
ARCH    := $(shell $(GO) env GOARCH)
TOOLS   := $(GO) tool -modfile=scripts/tools/go.mod
GEN     := $(GO) tool -modfile=scripts/tools/controller-gen/go.mod controller-gen

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
build: ## build gwctl, gatewayd and echo into bin/, and what images are made of into bin/images/
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/...
	@mkdir -p $(BIN)/images/linux-$(ARCH)
	@if [ "$$($(GO) env GOOS)" = linux ]; then ln -f $(BIN)/gatewayd $(BIN)/echo $(BIN)/images/linux-$(ARCH)/; \
	else CGO_ENABLED=0 GOOS=linux $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/images/linux-$(ARCH)/ ./cmd/gatewayd ./cmd/echo; fi

.PHONY: test
test: ## all tests that need no container engine, with the race detector
	$(GO) test -race -shuffle=on ./...

.PHONY: e2e
e2e: build ## the built binaries, in the local runtime and on a real cluster (Docker, a node image)
	$(GO) test -count=1 -timeout 30m -tags e2e ./scripts/e2e/...

.PHONY: e2e-long
e2e-long: build ## all kill points, long load, 20 minutes of fuzzing
	GWCTL_E2E_LONG=1 $(GO) test -count=1 -timeout 100m -tags e2e ./scripts/e2e/...
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
	$(GO) test ./gatewayd/translate ./gatewayd/kongfile ./gatewayd/plugins ./manifests ./cmd/... -update

.PHONY: generate
generate: ## make the CRDs and deep copies of gatewayd/api anew
	$(GEN) object paths=./gatewayd/api/...
	$(GEN) crd:crdVersions=v1 paths=./gatewayd/api/... output:crd:dir=manifests/crds
	rm -f manifests/chart/crds/*.yaml && cp manifests/crds/*.yaml manifests/chart/crds/

.PHONY: release
release: ## gwctl for every system into dist/release/, the images' binaries in it
	@set -e; for arch in amd64 arm64; do \
	  dir=sandbox/image/binaries/linux-$$arch; mkdir -p $$dir; \
	  for p in gatewayd echo; do \
	    CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $$dir/$$p ./cmd/$$p; gzip -9nf $$dir/$$p; \
	  done; done
	@set -e; for os in linux darwin windows; do for arch in amd64 arm64; do \
	  echo "building $$os/$$arch"; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -tags release_images -trimpath -ldflags '$(LDFLAGS)' -o dist/release/$$os-$$arch/ ./cmd/gwctl; \
	done; done

.PHONY: verify-generated
verify-generated: ## what generate makes is what stands here
	@set -e; dir=$$(mktemp -d); trap 'rm -rf $$dir' EXIT; \
	$(GEN) crd:crdVersions=v1 paths=./gatewayd/api/... output:crd:dir=$$dir; \
	diff -r $$dir manifests/crds && diff -r $$dir manifests/chart/crds; \
	mkdir $$dir/a $$dir/b && $(GEN) object paths=./gatewayd/api output:object:dir=$$dir/a && $(GEN) object paths=./gatewayd/api/v1beta1 output:object:dir=$$dir/b; \
	diff $$dir/a/zz_generated.deepcopy.go gatewayd/api/ && diff $$dir/b/zz_generated.deepcopy.go gatewayd/api/v1beta1/

.PHONY: verify
verify: verify-generated ## tidy, formatted, goldens fresh, and every release binary builds
	$(GO) mod tidy -diff
	$(TOOLS) golangci-lint fmt --diff ./...
	$(GO) vet ./...
	@set -e; for os in linux darwin windows; do for arch in amd64 arm64; do \
	  echo "building $$os/$$arch"; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o dist/$$os-$$arch/ ./cmd/...; \
	done; done
