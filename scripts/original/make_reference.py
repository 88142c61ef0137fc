"""Writes data/reference/*.json: the traces of the five programs that the Rust tests compare with.

    .venv/bin/python scripts/original/make_reference.py

Made with the versions below and no others, so that a new file means a new cause. A trace says itself on which
processor, with which kernels and under which variables of the environment it was made (the first ones only
with which kernels): other processors differ in the last bits (DESIGN, section 5), so these files are
compared with a tolerance. Tensors too large for a repository are left out and named in the key `left_out`;
two-layer keeps its final weights only.
"""
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

VERSIONS = {'numpy': '2.4.6', 'torch': '2.13.0', 'scikit-learn': '1.9.1'}
LARGEST = 5000  # numbers in a tensor
ONE_THREAD = {'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}
RUNS = ([('moons', seed) for seed in (0, 1, 2)]
        + [('two-layer', seed) for seed in (0, 1)]
        + [('boston', seed) for seed in (0, 1)]
        + [('descent', None), ('exhaustive', None)])

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REFERENCE = ROOT / 'data' / 'reference'


def check_versions():
    for package, wanted in VERSIONS.items():
        found = version(package).split('+')[0]  # torch names its build after a plus sign
        if found != wanted:
            sys.exit(f'error: {package} {found} is installed, the references are made with {wanted}')


def trace_of(program, seed):
    """Runs one program with the tutorial's settings, from the repository's root, and reads its trace."""
    script = HERE / (program.replace('-', '_') + '.py')
    command = [sys.executable, str(script), '--trace', '-']
    if seed is not None:
        command += ['--seed', str(seed)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f'error: {" ".join(command)}: exit code {done.returncode}\n{done.stderr}')
    return json.loads(done.stdout)


def is_stored(program, tensor):
    if program == 'two-layer' and not tensor['name'].startswith('final.'):
        return False
    return len(tensor['data']) <= LARGEST


def main():
    check_versions()
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for program, seed in RUNS:
        trace = trace_of(program, seed)
        stored = [tensor for tensor in trace['tensors'] if is_stored(program, tensor)]
        names = {tensor['name'] for tensor in stored}
        trace['left_out'] = [tensor['name'] for tensor in trace['tensors'] if tensor['name'] not in names]
        trace['tensors'] = stored
        file = REFERENCE / (program + ('' if seed is None else f'-seed{seed}') + '.json')
        file.write_text(json.dumps(trace, allow_nan=False, separators=(',', ':')) + '\n')
        print(f'{file.relative_to(ROOT)}  {file.stat().st_size} bytes')


if __name__ == '__main__':
    main()
