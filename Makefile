# `make` alone prints what there is.
PORT ?= 8080
export PORT

.PHONY: help run test build check fuzz bench cluster soak clean run-clean

help:
	@echo 'make run        install what is needed, build, and serve the demo on http://127.0.0.1:$(PORT)'
	@echo 'make test       install what is needed, build, and pass every test'
	@echo 'make build      the release programs, in build/release/'
	@echo 'make check      what a change must pass: format, clang-tidy, tests under sanitizers'
	@echo 'make fuzz       the fuzzers, each for FUZZ_SECONDS (600)'
	@echo 'make bench      measure beside the references (BENCH_QUICK=1: a short run)'
	@echo 'make cluster    three nodes, PostgreSQL with a standby, three NATS servers and a balancer on loopback'
	@echo 'make soak       ten minutes of load while every platform fails (SOAK_SECONDS)'
	@echo 'make run-clean  forget the demo data of `make run`'
	@echo 'make clean      remove build/'

run: build
	@tools/run

build:
	@tools/setup
	@tools/build release heliograph heliograph-pushsim

test:
	@tools/setup
	@tools/test

check:
	@tools/setup --test
	@tools/check

bench:
	@tools/setup --bench
	@tools/build release heliograph heliograph-pushsim bench_programs
	@tools/node bench/run.mjs

cluster:
	@tools/setup --test
	@tools/build release heliograph
	@tools/node tools/cluster.mjs

soak:
	@tools/setup --test
	@tools/build release heliograph heliograph-pushsim
	@tools/node tests/soak/soak.mjs

fuzz:
	@tools/setup --test
	@tools/build asan fuzzers
	@tools/fuzz --seconds $(or $(FUZZ_SECONDS),600)

run-clean:
	rm -rf run

clean:
	rm -rf build
