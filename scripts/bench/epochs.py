#!/usr/bin/env python3
"""Whether late epochs take longer than early ones: a network that has learned its table computes with subnormal numbers, which
some processors are slow at.

    python3 scripts/bench/epochs.py [--lockstep FILE] [--before FILE] [--rounds 8] [--engines fused] [--rows 200] [--last 40000]

Runs `lockstep run moons` on one thread for 2,000 epochs and more in alternation, and prints the microseconds of an epoch between
one length and the next, by engine; with --before those of another program too. They are user time, the least of the rounds: other
work on the machine only ever adds to it.
"""
import argparse
import os
import resource
import subprocess
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
FIRST, PARTS = 2000, 5


def seconds(lockstep, engine, rows, epochs, folder):
    command = [lockstep, 'run', 'moons', '--samples', str(rows), '--epochs', str(epochs), '--engine', engine, '--threads', '1',
               '--device', 'cpu', '--quiet', '--out', os.path.join(folder, 'moons')]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main():
    parser = argparse.ArgumentParser(description='Whether late epochs take longer than early ones.')
    parser.add_argument('--lockstep', default=os.path.join(ROOT, 'target/release/lockstep'))
    parser.add_argument('--before')
    parser.add_argument('--rounds', type=int, default=8)
    parser.add_argument('--engines', nargs='+', choices=('fused', 'exact'), default=['fused', 'exact'])
    parser.add_argument('--rows', type=int, default=200)
    parser.add_argument('--last', type=int, default=40000)
    args = parser.parse_args()
    lengths = [FIRST + (args.last - FIRST) * part // (PARTS - 1) for part in range(PARTS)]
    programs = {'now': args.lockstep} | ({'before': args.before} if args.before else {})
    series = [(name, engine) for name in programs for engine in args.engines]
    times = {(which, epochs): [] for which in series for epochs in lengths}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.rounds):
            for epochs in lengths:
                for name, engine in series:
                    times[(name, engine), epochs].append(seconds(programs[name], engine, args.rows, epochs, folder))
    print(f'microseconds of an epoch, {args.rows} rows')
    print(f'{"epochs":>16} ' + ' '.join(f'{engine + ", " + name:>14}' for name, engine in series))
    for early, late in zip(lengths, lengths[1:]):
        row = []
        for which in series:
            spent = [min(times[which, epochs]) for epochs in (early, late)]
            row.append(f'{(spent[1] - spent[0]) / (late - early) * 1e6:14.1f}')
        print(f'{early:>7} – {late:>6} ' + ' '.join(row))


if __name__ == '__main__':
    main()
