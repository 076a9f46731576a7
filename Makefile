# Every target is a command that also works typed by hand. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

FUZZTIME ?= 10s
# Packages for `make race`. CI names those that start goroutines; all of them take minutes.
RACE ?= ./...
# Many tests wait for a peer that says nothing, so more of them, and of the packages, run at a time than there are cores.
# They need little memory, so collecting it more rarely saves a quarter of the time.
GOTEST := GOGC=400 go test -shuffle=on -p 4 -parallel 8
# The systems for `make vet-platforms`: one of each operating system and size of a word is enough to find what does not compile.
PLATFORMS ?= windows/amd64 windows/arm64 darwin/amd64 darwin/arm64 linux/arm linux/arm64
# How long `make soak` takes.
MINUTES ?= 20
# Flags for `make dist`: see docs/releasing.md.
DIST ?=
LINT := go tool -modfile=tools/go.mod golangci-lint
# Where `make vuln` gets the known vulnerabilities from, if not from the Go project: an address, or file:// and a folder.
VULNDB ?=
# Where `make real` writes the answers.
OUT ?= real.json

.PHONY: build dist dist-check test check lint vet-platforms race fmt fuzz hostile soak bench score score-write conformance tpm peers load browser vuln real help

build: ## static binary in bin/dpsdiag
	CGO_ENABLED=0 go build -trimpath -buildvcs=auto -tags=nethttpomithttp2 -o bin/dpsdiag ./cmd/dpsdiag

dist: ## a release in dist/ (reproducible); DIST='-only linux_amd64' makes part of it; needs the network the first time
	go run ./internal/dist $(DIST)

dist-check: dist ## inspects the release, makes it again, runs the image, installs the deb in a bare Debian (needs root, mmdebstrap, the network)
	go test -v -count=1 -timeout 60m -tags dist -run Release ./internal/dist -args -- $(DIST)

test: ## all tests; needs nothing but Go (-shuffle also keeps results from being cached)
	$(GOTEST) ./...

check: lint race ## everything that is checked besides the plain tests

race: ## the tests of $(RACE) under the race detector (needs a C compiler)
	$(GOTEST) -race $(RACE)

lint: ## golangci-lint, built from tools/go.mod (the first time takes minutes)
	$(LINT) run ./...

vet-platforms: ## go vet, with the tests, for each of $(PLATFORMS) (the first time compiles the standard library for it)
	@for platform in $(PLATFORMS); do echo "go vet for $$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} go vet ./...; done

vuln: ## known vulnerabilities that the program can reach (needs the network, or VULNDB=file:///FOLDER)
	@go tool -modfile=tools/go.mod govulncheck $(if $(VULNDB),-db '$(VULNDB)') -tags nethttpomithttp2 ./cmd/dpsdiag || { status=$$?; \
		[ $$status -eq 3 ] || echo 'make vuln: the check did not run to its end, so this is no result (see docs/development.md)' >&2; exit $$status; }

fmt: ## format the Go code as the linter wants it
	$(LINT) fmt ./...

fuzz: ## every fuzz target for FUZZTIME (default 10s) each
	go test -list '^Fuzz' ./... | awk '/^Fuzz/ {t[n++] = $$1} /^ok/ {while (n) print $$2, t[--n]}' | while read -r pkg target; do \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$pkg" </dev/null; done

hostile: ## 1,000 hostile servers of the generator in test/hostile, in place of the few of make test
	go test -parallel 8 -tags hostile -count=1 ./test/hostile

soak: ## dpsdiag emulate under honest and hostile load for MINUTES (default 20): flat memory, threads and files (Linux)
	MINUTES='$(MINUTES)' go test -tags soak -run '^TestSoak$$' -count=1 -v -timeout $$(($(MINUTES) + 10))m ./cmd/dpsdiag

bench: ## what is promised about speed: each ratio with its limit, met or not (Linux; minutes; the SDK's part if `make conformance` has fetched it)
	go test -count=1 -tags bench -run Ratios -v -timeout 30m ./test/bench

score: ## how often `explain` is right on reports held out from training; fails if docs/judgement.md says otherwise
	go run ./test/score -check docs/judgement.md

score-write: ## the same, written into docs/judgement.md
	go run ./test/score -write docs/judgement.md

conformance: build ## the official Azure SDKs for Node.js (devices, service) against `dpsdiag emulate`, and the queries of `dpsdiag kql` in the KQL parser of Microsoft (needs Node.js, npm and swtpm)
	cd test/sdk && npm ci --ignore-scripts && DPSDIAG='$(CURDIR)/bin/dpsdiag' npm test
	cd test/kql && npm ci --ignore-scripts && DPSDIAG='$(CURDIR)/bin/dpsdiag' npm test

tpm: ## the TPM attestation against a software TPM, and that at `dpsdiag emulate` (needs swtpm)
	$(GOTEST) -tags tpm ./internal/tpm ./internal/probe ./test/real
	$(GOTEST) -tags tpm -run TPM ./cmd/dpsdiag

peers: ## the probe against servers that are not ours (needs mosquitto, four proxies, Node.js and npm)
	cd test/peers/rhea && npm ci --ignore-scripts --omit=dev
	$(GOTEST) -tags peers ./test/peers/...

load: ## 10,000 devices killed twice, and the limits of the service in real time (Linux; takes minutes)
	go test -tags load -run Load -v -timeout 30m ./cmd/dpsdiag

real: ## asks a real instance what the documents leave open (environment variables: docs/real.md); writes $(OUT)
	@go build -o bin/real ./test/real
	@bin/real -o '$(OUT)'

browser: ## the HTML reports in a real browser (needs Chromium)
	$(GOTEST) -tags browser ./test/browser/

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' Makefile
