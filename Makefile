# make demo [INPUT=path] [RATE=hz] · make test · make bench · make soak [FRAMES=n] · make lint      each makes .venv on first use

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH_CPU := $(shell sed -n 's/^torch==\([^ ]*\).*/\1/p' requirements/torch_cpu.txt)
HASHED := $(BIN)/python -m pip install --quiet --no-compile --require-hashes
DEMO_OUT := demo_out
BENCH_OUT := bench.json
SOAK_OUT := soak_out
FRAMES := 20000
FUZZ_OUT := fuzz_out
MINUTES := 10
NETWORK := tiny
COVERAGE_OUT := coverage.json

# A Python that was started from wheels of ROS passes its library path on; another environment
# must not inherit it.
ifdef _ROS_WHEELS_BOOTSTRAP_COMPLETE
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
unexport LD_LIBRARY_PATH
endif

# Threads that spin while they wait starve the other processes of a small machine.
export OMP_WAIT_POLICY := PASSIVE

# Where Python is told to keep nothing that it compiled, as in many containers, each process compiles torch anew: 4 to 9 s.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help .venv demo test bench soak fuzz mutants coverage lint pins audit weights clean
help:
	@echo "make demo [INPUT=folder|video|bag] [RATE=hz]   frames through the live node, into $(DEMO_OUT)/"
	@echo "make test                                      all tests"
	@echo "make bench                                     how fast everything is, into $(BENCH_OUT)"
	@echo "make soak [FRAMES=n]                           what is lost or leaks, into $(SOAK_OUT)/"
	@echo "make fuzz [MINUTES=n] [FUZZ_OUT=folder]        damaged files and messages into every reader"
	@echo "make mutants MODULE=file TESTS='files'         changes of a module that its tests do not see"
	@echo "make coverage                                  branches that all tests go through, into $(COVERAGE_OUT)"
	@echo "make lint                                      ruff and mypy"
	@echo "make pins                                      requirements/ again, from setup.py and constraints.txt"
	@echo "make audit                                     known faults of what requirements/ names, from PyPI"
	@echo "make weights [NETWORK=tiny|resnet18]           weights of the package again, from their seed"

.venv: $(VENV)/.complete

# With ROS sourced, its rclpy and any installed torch are used as they are. Without, every file is held to its hash, and
# what builds packages is one of them; torch without CUDA where pip is offered it. Python compiles what it imports when
# it first does; all of it at once would take half a minute.
$(VENV)/.complete: setup.py Makefile $(wildcard requirements/*.txt)
	@rm -rf $(VENV)
	@if $(PYTHON) -c 'import rclpy' 2>/dev/null; then \
	  echo "ROS found: building $(VENV) on top of it"; \
	  $(PYTHON) -m venv --system-site-packages $(VENV) && \
	  $(BIN)/python -m pip install --quiet --no-compile --editable '.[sim,train,viz,onnx,openvino,view,test]'; \
	elif [ "$$(uname -s)-$$(uname -m)" = Linux-x86_64 ]; then \
	  echo "no ROS found: building $(VENV) with ROS 2 wheels (some minutes)"; \
	  $(PYTHON) -m venv $(VENV) && \
	  { torch=torch; $(BIN)/python -m pip index versions torch 2>/dev/null | grep -qF '$(TORCH_CPU)' && torch=torch_cpu; \
	    $(HASHED) -r requirements/$$torch.txt; } && \
	  $(HASHED) --no-build-isolation -r requirements/all_but_torch.txt && \
	  $(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .; \
	else \
	  echo "no ROS found, and no ROS 2 wheels for $$(uname -s) on $$(uname -m): install ROS 2 and source its setup.bash first" >&2; \
	  exit 1; \
	fi
	@touch $@

demo: .venv
	$(BIN)/steps-ros demo --out $(DEMO_OUT) --overwrite $(if $(INPUT),--input '$(INPUT)') $(if $(RATE),--rate $(RATE))

# Unit tests on both cores, files in alphabetical order: those with many tests first, the default, would leave long
# ones of few tests for one core at the end. Then the live nodes one at a time; to import the files without any takes long.
test: .venv
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not live' --timeout 120
	$(BIN)/python -m pytest -m live --timeout 180 $$(grep -l pytest.mark.live test/test_*.py)

bench: .venv
	$(BIN)/steps-ros bench --json $(BENCH_OUT) --overwrite

soak: .venv
	$(BIN)/steps-ros soak --frames $(FRAMES) --out $(SOAK_OUT) --overwrite

# Without a wheel of atheris for this Python the targets are fuzzed by examples alone.
fuzz: .venv
	-@$(BIN)/python -m pip install --quiet --only-binary atheris --constraint constraints.txt atheris
	PYTHONPATH=test $(BIN)/python -m fuzzing campaign $(FUZZ_OUT) --minutes $(MINUTES)

# Sums up by branches what all processes of all tests went through: commands and nodes as well.
coverage: .venv
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt coverage
	@$(BIN)/coverage erase
	COVERAGE_CORE=ctrace $(BIN)/coverage run -m pytest -n 2 --dist loadfile -m 'not live' --timeout 300
	COVERAGE_CORE=ctrace $(BIN)/coverage run -m pytest -m live --timeout 300 $$(grep -l pytest.mark.live test/test_*.py)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet -o $(COVERAGE_OUT)
	$(BIN)/python test/branches.py $(COVERAGE_OUT)

mutants: .venv
	$(BIN)/python test/mutants.py $(MODULE) $(TESTS)

lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Needs uv (pip install uv). What the files have already stays at its version as long as constraints.txt allows it.
PIN := uv --no-config pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-annotate \
  --constraint constraints.txt --custom-compile-command 'make pins'

pins:
	$(PIN) setup.py $(patsubst %,--extra %,ros sim train viz onnx openvino view test) --excludes requirements/torch.in \
	  --output-file requirements/all_but_torch.txt
	$(PIN) requirements/torch.in --constraint requirements/all_but_torch.txt --output-file requirements/torch.txt
	$(PIN) requirements/torch.in --constraint requirements/all_but_torch.txt --torch-backend cpu \
	  --output-file requirements/torch_cpu.txt

# Needs pip-audit (pip install pip-audit) and the network; what cannot be looked up is an error.
audit:
	pip-audit --strict --disable-pip --require-hashes -r requirements/all_but_torch.txt -r requirements/torch.txt

weights: .venv
	$(BIN)/steps-ros default-weights --network $(NETWORK) --seed 0 --out weights_out --resume

clean:
	rm -rf $(VENV) $(DEMO_OUT) $(BENCH_OUT) $(SOAK_OUT) $(FUZZ_OUT) $(COVERAGE_OUT) .coverage* build install log *.egg-info
