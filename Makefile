# make help lists the targets. Everything that is made lands in .cache, .lab and dist, and in plugins/ where Ansible looks for it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell sed -n 's/^version: //p' galaxy.yml)
MODULES := $(notdir $(patsubst %/main.go,%,$(wildcard modules/*/main.go)))
HOST := linux_$(shell go env GOARCH)
BIN := plugins/module_utils/bin
SOURCES := $(shell find internal modules go.mod go.sum -name '*_test.go' -prune -o -type f -print 2>/dev/null) galaxy.yml
COLLECTION := .cache/collections/ansible_collections/metalstack/initial_cluster
OPTION ?= shared

export PATH := $(CURDIR)/.cache/venv/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export GOFLAGS := -trimpath $(filter-out -trimpath,$(GOFLAGS))

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | sort | awk -F'\t' '{printf "%-14s %s\n", $$1, $$2}'

.PHONY: up
up: build venv kube ## make an initial cluster on the lab (OPTION=shared) and show it
	@go run ./testing/lab up --option $(OPTION)

.PHONY: down
down: ## stop the lab and remove what it made
	@go run ./testing/lab down

.PHONY: status
status: ## show the lab and its clusters
	@go run ./testing/lab status

.PHONY: build
build: .cache/built ## build the modules for this machine

.PHONY: test
test: test-unit test-e2e ## all tests

.PHONY: test-unit
test-unit: venv ## the quick tests
	go test $$(go list ./... | grep -v testing/e2e)

.PHONY: test-e2e
test-e2e: build venv kube system-packages ## ansible-playbook against the lab, with the real binaries
	go test -count=1 -timeout 40m ./testing/e2e

.PHONY: bench
bench: build venv system-packages ## times and sizes, beside what one would otherwise use
	go run ./testing/bench

.PHONY: lint
lint: build venv ## all linters
	.ci/lint

.PHONY: fmt
fmt: ## format the Go sources
	gofmt -w internal modules testing

.PHONY: docs
docs: ## make the modules' documentation from their specifications
	go run ./testing/docs

.PHONY: collection
collection: venv ## build the installable tarball into dist/
	go run ./testing/collection dist

.PHONY: install
install: collection ## install the collection where ansible-galaxy puts it
	ansible-galaxy collection install --force dist/metalstack-initial_cluster-$(VERSION).tar.gz

.PHONY: venv
venv: .cache/venv/made .cache/ansible-2.19/made ## Ansible and the linters, in .cache

.PHONY: kube
kube: ## build the Kubernetes of the tests
	@go run ./testing/kubetest/build

.PHONY: system-packages
system-packages: ## the Debian packages that some tests need (root only)
	@testing/system-packages.sh

.PHONY: clean
clean: down ## remove everything that was made
	rm -rf .cache .lab dist $(BIN) $(addprefix plugins/modules/,$(MODULES))

.cache/venv/made: requirements/requirements.txt requirements/venv.sh
	@requirements/venv.sh .cache/venv
	@touch $@

.cache/ansible-2.19/made: requirements/ansible-2.19.txt .cache/venv/made
	@requirements/pip.sh .cache/venv install --quiet --no-deps --require-hashes --upgrade --target .cache/ansible-2.19 --requirement $<
	@touch $@

.cache/built: $(SOURCES) $(COLLECTION)
	@go run ./testing/collection build $(HOST)
	@touch $@

$(COLLECTION):
	@mkdir -p $(dir $@)
	@ln -sfn $(CURDIR) $@
