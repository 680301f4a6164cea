# make demo [FOLDER=DIR]   the whole system on this machine, on simulated or on your own files
# make test                every test; what they need is fetched first
# make check               format, lint, types, layers
.PHONY: demo test check clean

# Each of the many processes that the demo and the tests start would compile its libraries anew.
export PYTHONDONTWRITEBYTECODE :=

demo:
	@scripts/setup demo
	@exec .venv/bin/sacmes-demo $(if $(FOLDER),--folder '$(FOLDER)') $(ARGS)

test:
	@scripts/setup test
	OMP_NUM_THREADS=1 .venv/bin/pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check:
	@scripts/setup check
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	MYPYPATH=benchmarks:mosquitto:tests .venv/bin/mypy benchmarks scripts mosquitto/users.py mosquitto/certificates.py
	.venv/bin/lint-imports --no-cache
	.venv/bin/python scripts/write_asyncapi.py --check
	.venv/bin/python scripts/write_settings.py --check

clean:
	rm -rf .venv dist build artefacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
