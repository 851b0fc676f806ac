# Every target but `ci` and `constraints` expects the project installed in the active environment:
#     python -m pip install -c constraints.txt -e ".[dev]"

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help check format format-check lint types contracts unit test faults demo schema constraints image ci

PYTHON ?= python3

help: ## List what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: format-check lint types contracts unit ## What must be green before a commit; needs no database.

format: ## Rewrite the code as ruff likes it.
	ruff format .
	ruff check --fix .

format-check: ## Say what `make format` would rewrite.
	ruff format --check .

lint: ## ruff, every rule.
	ruff check .

types: ## mypy, strict.
	mypy

contracts: ## The floors and rooms of the house (import-linter).
	lint-imports

unit: ## Tests of pure rules, and of the house itself.
	pytest -q tests/unit tests/architecture

test: ## Every test, on an embedded PostgreSQL.
	pytest

faults: ## Stop servers and workers at every point of checkout, capture, void and refund.
	python -m tests.faults

demo: ## A shop with goods and orders on http://127.0.0.1:8000/; nothing else is needed.
	stoa demo

schema: ## Write schema/schema.graphql from the code.
	@new=$$(mktemp); trap 'rm -f "$$new"' EXIT; stoa schema > "$$new"; cat "$$new" > schema/schema.graphql

constraints: ## Resolve every dependency afresh and pin the result in constraints.txt.
	@venv=$$(mktemp -d); trap 'rm -rf "$$venv"' EXIT; \
	"$(PYTHON)" -m venv "$$venv"; \
	"$$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e ".[dev]"; \
	pins=$$("$$venv/bin/python" -m pip freeze --exclude-editable); \
	{ echo '# What CI and the image install. Made by `make constraints`; do not edit.'; echo "$$pins"; } > constraints.txt; \
	wc -l constraints.txt

image: ## The Dockerfile's own steps in a scratch directory, without Docker.
	.ci/image

ci: ## All that CI runs, on a fresh environment and on two engines.
	.ci/run
