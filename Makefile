# make help lists the targets. Everything that is made lands in .cache, .lab and dist, and in plugins/ where Ansible looks for it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := plugins/module_utils/bin
COLLECTION := .cache/collections/ansible_collections/metalstack/initial_cluster
ORACLES := $(patsubst requirements/%.txt,.cache/%/made,$(wildcard requirements/ansible-*.txt))
SOURCES := $(shell find internal modules -name testdata -prune -o -name '*.go' ! -name '*_test.go' -print) go.mod go.sum galaxy.yml
# The longest first, beside which all others run.
LONG_TESTS := \
	./testing/e2e/autonomous/... \
	./testing/e2e/k3snode/... \
	./internal/cluster/... \
	./internal/controlplane/... \
	./internal/etcdbackup/... \
	./internal/k3s/cluster/... \
	./internal/k3s/reset/... \
	./internal/preflight/... \
	./modules/etcd_backup/... \
	./modules/k3s_cluster/... \
	./modules/metal_control_plane/... \
	./testing/collection/... \
	./testing/e2e/... \
	./testing/gketest/... \
	./testing/k3stest/... \
	./testing/kubetest/... \
	./testing/machines/...
OPTION ?= shared
NODES ?= 3
LAB ?= .lab

export PATH := $(CURDIR)/.cache/venv/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# -trimpath everywhere: clones in different folders share one build cache.
export GOFLAGS := -trimpath $(filter-out -trimpath,$(GOFLAGS))

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | sort | awk -F'\t' '{printf "%-16s %s\n", $$1, $$2}'

.PHONY: up
up: build venv kube $(if $(filter autonomous,$(OPTION)),k3s system-packages) ## make an initial cluster on the lab (OPTION=shared, or autonomous with NODES, K3S) and show it
	@go run ./testing/lab up --dir $(LAB) $(if $(filter autonomous,$(OPTION)),--nodes $(NODES) $(if $(filter real,$(K3S)),--real-k3s)) $(OPTION)

.PHONY: down
down: ## stop the lab and remove what it made
	@go run ./testing/lab down --dir $(LAB)

.PHONY: status
status: ## show the lab and its clusters
	@go run ./testing/lab status --dir $(LAB)

.PHONY: build
build: .cache/built ## build the modules for this machine

.PHONY: test
test: test-unit test-e2e ## run all tests

.PHONY: test-unit
test-unit: venv kube objectstores ## run the quick tests
	go test $(if $(CI),-count=1) $$(go list ./... | grep -vxE "$$(go list $(LONG_TESTS) 2>/dev/null | paste -sd'|')")
	go -C testing/kube test $(if $(CI),-count=1) ./k3s/bootstrap ./k3s/configfile ./k3s/token

.PHONY: test-e2e
test-e2e: build venv kube k3s objectstores system-packages ## run ansible-playbook with the real binaries against the lab, and from the tarball
	go test -count=1 -timeout 3h $(LONG_TESTS)
	E2E_ANSIBLE=$(CURDIR)/.cache/ansible-2.19 go test -count=1 -run 'TestATaskIs|TestDates|TestAsync|TestATimeout' ./testing/e2e

.PHONY: bench
bench: build venv kube k3s objectstores .cache/kube/etcdctl system-packages ## show times and sizes, beside what one would otherwise use
	go run ./testing/bench
	go test -run '^$$' -bench . -benchtime 3x ./testing/e2e/gke
	go test -run '^$$' -bench . -benchtime 1x ./internal/controlplane ./modules/etcd_backup ./modules/metal_control_plane
	go test -run '^$$' -bench . -benchtime 3x ./internal/etcdbackup
	go test -run '^$$' -bench . -benchtime 1x -timeout 40m ./testing/e2e/autonomous

.PHONY: lint
lint: build venv ## run all linters
	@.ci/lint

.PHONY: fmt
fmt: venv ## format the sources
	gofmt -w internal modules testing
	ruff format --quiet plugins testing

.PHONY: docs
docs: ## make the modules' documentation from their specifications
	go run ./testing/docs

.PHONY: collection
collection: ## build the installable tarball into dist/, and the one for Galaxy
	go run ./testing/collection dist

.PHONY: changelog
changelog: venv ## fold changelogs/fragments into CHANGELOG.md
	antsibull-changelog release --update-existing

.PHONY: install
install: collection ## install the collection where ansible-galaxy puts it
	cd dist; ANSIBLE_CONFIG= ansible-galaxy collection install --force metalstack-initial_cluster-$$(sed -n 's/^version: //p' galaxy.yml).tar.gz

.PHONY: venv
venv: .cache/venv/made $(ORACLES) ## install Ansible and the linters into .cache

.PHONY: kube
kube: .cache/kube/kube .cache/kube/kwok ## build the Kubernetes of the tests

.PHONY: k3s
k3s: .cache/kube/k3s .cache/kube/kube-vip ## build the k3s of the tests

.PHONY: objectstores
objectstores: .cache/objectstores/objectstores ## build the servers of object storage of the tests

.PHONY: system-packages
system-packages: ## install the Debian packages that some tests need (as root)
	@requirements/system-packages.sh

.PHONY: clean
clean: ## stop the lab and remove everything that was made
	[ ! -d $(LAB) ] || go run ./testing/lab down --dir $(LAB)
	rm -rf .cache dist $(BIN) plugins/modules/linux_*

.cache/venv/made: requirements/requirements.txt requirements/venv.sh
	@requirements/venv.sh .cache/venv
	@touch $@

.cache/ansible-%/made: requirements/ansible-%.txt .cache/venv/made
	@rm -rf $(@D)
	@.cache/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target $(@D) --requirement $<
	@touch $@

.cache/built: $(SOURCES) | $(COLLECTION)
	@go run ./testing/collection build linux_$$(go env GOARCH)
	@touch $@

# Makes the collection's name work in the checkout: ansible.cfg names .cache/collections.
$(COLLECTION):
	@mkdir -p $(@D)
	@ln -s ../../../.. $@

.cache/kube/k3s: $(shell find testing/kube/k3s -name '*.go') testing/kube/go.mod testing/kube/go.sum
	@mkdir -p $(@D)
	go -C testing/kube build -ldflags "$$(testing/kube/ldflags.sh)" -o $(CURDIR)/$@ ./k3s

.cache/kube/kube-vip: $(wildcard testing/kube/kubevip/*.go) testing/kube/go.mod testing/kube/go.sum
	@mkdir -p $(@D)
	CGO_ENABLED=0 go -C testing/kube build -ldflags "-s -w" -o $(CURDIR)/$@ ./kubevip

.cache/kube/kube: $(wildcard testing/kube/*.go testing/kube/go.*)
	@mkdir -p $(@D)
	go -C testing/kube build -ldflags "$$(testing/kube/ldflags.sh)" -o $(CURDIR)/$@ .

.cache/kube/etcdctl: $(wildcard testing/etcdctl/*.go testing/etcdctl/go.*)
	@mkdir -p $(@D)
	CGO_ENABLED=0 go -C testing/etcdctl build -ldflags "-s -w" -o $(CURDIR)/$@ .

.cache/objectstores/objectstores: $(wildcard testing/objectstores/*.go testing/objectstores/go.*)
	@mkdir -p $(@D)
	CGO_ENABLED=0 go -C testing/objectstores build -ldflags "-s -w" -o $(CURDIR)/$@ .

.cache/kube/kwok: $(wildcard testing/kwok/*.go testing/kwok/go.*)
	@mkdir -p $(@D)
	CGO_ENABLED=0 go -C testing/kwok build -ldflags "-s -w" -o $(CURDIR)/$@ .
