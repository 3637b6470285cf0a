# make demo [INPUT=path] [RATE=hz] · make test · make bench · make lint      each makes .venv on first use

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_OUT := demo_out
BENCH_OUT := bench.json

# A Python that was started from wheels of ROS passes its library path on; another environment
# must not inherit it.
ifdef _ROS_WHEELS_BOOTSTRAP_COMPLETE
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
unexport LD_LIBRARY_PATH
endif

# Threads that spin while they wait starve the other processes of a small machine.
export OMP_WAIT_POLICY := PASSIVE

.PHONY: help .venv demo test bench lint weights clean
help:
	@echo "make demo [INPUT=folder|video|bag] [RATE=hz]   frames through the live node, into $(DEMO_OUT)/"
	@echo "make test                                      all tests"
	@echo "make bench                                     how fast everything is, into $(BENCH_OUT)"
	@echo "make lint                                      ruff and mypy"
	@echo "make weights                                   the default weights again, from their seed"

.venv: $(VENV)/.complete

# With ROS sourced, its rclpy and any installed torch are used as they are. Without, wheels.
$(VENV)/.complete: setup.py Makefile constraints.txt
	@rm -rf $(VENV)
	@if $(PYTHON) -c 'import rclpy' 2>/dev/null; then \
	  echo "ROS found: building $(VENV) on top of it"; \
	  $(PYTHON) -m venv --system-site-packages $(VENV) && \
	  $(BIN)/python -m pip install --quiet --editable '.[sim,train,viz,onnx,openvino,view,test]'; \
	elif [ "$$(uname -s)-$$(uname -m)" = Linux-x86_64 ]; then \
	  echo "no ROS found: building $(VENV) with ROS 2 wheels (some minutes)"; \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[ros,sim,train,viz,onnx,openvino,view,test]'; \
	else \
	  echo "no ROS found, and no ROS 2 wheels for $$(uname -s) on $$(uname -m): install ROS 2 and source its setup.bash first" >&2; \
	  exit 1; \
	fi
	@touch $@

demo: .venv
	$(BIN)/steps-ros demo --out $(DEMO_OUT) --overwrite $(if $(INPUT),--input '$(INPUT)') $(if $(RATE),--rate $(RATE))

# Unit tests on both cores, then the live nodes one at a time.
test: .venv
	$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not live' --timeout 120
	$(BIN)/python -m pytest -m live --timeout 180

bench: .venv
	$(BIN)/steps-ros bench --json $(BENCH_OUT) --overwrite

lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

weights: .venv
	$(BIN)/steps-ros default-weights --seed 0 --out weights_out

clean:
	rm -rf $(VENV) $(DEMO_OUT) $(BENCH_OUT) build install log *.egg-info
